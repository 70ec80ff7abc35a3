//! The devices, the messages between them, and what the oracle knows.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use sync_log_core::{Cursor, Hlc};

use super::checks::{self, Histories};
use super::device::{Device, Found, id_of};
use super::fault::AppFault;
use super::history::History;
use super::network::Network;
use super::past::Start;
use super::step::Struck;
use crate::invariants::Violation;
use crate::trace::{START_MS, Trace};

/// How many earlier cursors a reader keeps of an origin, to ask from them again.
const EARLIER_CURSORS: usize = 4;

/// A call failed that nothing lets fail.
pub(crate) fn failed(invariant: &'static str) -> impl Fn(anyhow::Error) -> Violation {
    move |error| Violation::new(invariant, format!("{error:#}"))
}

/// What a device has at the start. If its log begins with a floor, what it has is not in the log.
fn begun(device: &mut dyn Device, found: &Found, start: &Start) -> Result<History> {
    if found.log.floor.is_zero() {
        let mut history = History::default();
        found.log.entries.iter().for_each(|it| history.push(it));
        return Ok(history);
    }
    let head = device.head().context("failed to find the head")?;
    let past = [start.logged(found.id), start.baseline(found.id)].concat();
    Ok(History::after(head.mark(), &past))
}

pub(crate) struct World {
    devices: Vec<Box<dyn Device>>,
    /// What was found on each device last.
    pub(crate) found: Vec<Found>,
    pub(crate) histories: Histories,
    pub(crate) network: Network,
    pub(crate) trace: Trace,
    pub(crate) device_steps: u64,
    /// What is wrong with what drives the devices.
    pub(crate) fault: Option<AppFault>,
    now_ms: i64,
    offs_ms: Vec<i64>,
    /// The cursors that a reader had of an origin, the newest last.
    earlier: BTreeMap<(u8, u8), Vec<Cursor>>,
}

impl World {
    /// Each device is a peer of each other one.
    pub(crate) fn new(
        mut devices: Vec<Box<dyn Device>>,
        starts: &[Start],
        fault: Option<AppFault>,
        mut trace: Trace,
    ) -> Result<Self> {
        let ids: Vec<_> = (0..)
            .zip(&devices)
            .map(|(number, _)| id_of(number))
            .collect();
        for (device, own) in devices.iter_mut().zip(&ids) {
            for peer in ids.iter().filter(|id| *id != own) {
                let registered = device.register(*peer);
                registered.context("failed to register a peer")?;
            }
        }
        let found = devices.iter_mut().map(|device| device.find());
        let found: Vec<Found> = found.collect::<Result<_>>()?;
        let mut histories = Histories::new();
        for ((device, of_it), start) in devices.iter_mut().zip(&found).zip(starts) {
            if !of_it.log.head.is_zero() {
                trace.event("begin with a past", format_args!("{start:?}"));
            }
            histories.insert(of_it.id, begun(device.as_mut(), of_it, start)?);
        }
        Ok(Self {
            found,
            histories,
            offs_ms: vec![0; devices.len()],
            devices,
            network: Network::default(),
            trace,
            device_steps: 0,
            fault,
            now_ms: START_MS,
            earlier: BTreeMap::new(),
        })
    }

    pub(crate) fn has(&self, fault: AppFault) -> bool {
        self.fault == Some(fault)
    }

    /// The number of every device.
    pub(crate) fn numbers(&self) -> Vec<u8> {
        (0..).zip(&self.devices).map(|(number, _)| number).collect()
    }

    /// The device that a step means by a number.
    pub(crate) fn meant(&self, number: u8) -> u8 {
        let numbers = self.numbers();
        let place = usize::from(number).checked_rem(numbers.len());
        place.map_or(0, |place| numbers[place])
    }

    pub(crate) fn device(&mut self, number: u8) -> &mut dyn Device {
        self.devices[usize::from(number)].as_mut()
    }

    /// What was found on a device last.
    pub(crate) fn found(&self, number: u8) -> &Found {
        &self.found[usize::from(number)]
    }

    /// Looks at a device.
    pub(crate) fn find(&mut self, number: u8) -> Result<Found, Violation> {
        let found = self.device(number).find();
        found.map_err(failed("files_are_read"))
    }

    /// Whether a reader has what was there before the log of an origin began.
    pub(crate) fn has_joined(&self, reader: u8, origin: u8) -> bool {
        let start = self.histories[&id_of(origin)].start();
        reader == origin || self.found(reader).watermark(id_of(origin)).hlc() >= start
    }

    /// Looks at a device, and checks what is there.
    pub(crate) fn check(&mut self, number: u8) -> Result<(), Violation> {
        self.device_steps += 1;
        self.found[usize::from(number)] = self.find(number)?;
        checks::device(self.found(number), &self.histories)
    }

    pub(crate) fn wait(&mut self, ms: i64) {
        self.now_ms = self.now_ms.saturating_add(ms);
        self.trace.event("wait", format_args!("{ms} ms"));
        self.set_clocks();
    }

    /// The wall clock of a device is off from now on.
    pub(crate) fn jump(&mut self, on: u8, off_ms: i64) {
        self.offs_ms[usize::from(on)] = off_ms;
        self.trace
            .event("jump", format_args!("{on} is off by {off_ms} ms"));
        self.set_clocks();
    }

    fn set_clocks(&mut self) {
        for (device, off_ms) in self.devices.iter_mut().zip(&self.offs_ms) {
            device.set_wall_ms(self.now_ms.saturating_add(*off_ms));
        }
    }

    pub(crate) fn restart(&mut self, number: u8) -> Result<(), Violation> {
        let restarted = self.device(number).restart();
        restarted.map_err(failed("logs_open"))
    }

    /// Restarts a process that was struck. If the power was cut, own changes that no log has may be lost:
    /// none of them has left the device.
    pub(crate) fn restart_struck(
        &mut self,
        number: u8,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        self.restart(number)?;
        if struck != Some(Struck::PowerCut) {
            return Ok(());
        }
        self.trace.event("power cut", format_args!("{number}"));
        let left = self.find(number)?;
        let last = left.outbox.last().map(|last| last.hlc);
        let history = self.histories.entry(left.id).or_default();
        history.lose_above(last.unwrap_or(Hlc::ZERO).max(left.log.head));
        Ok(())
    }

    /// The cursor from which a reader asks an origin: its watermark, or an earlier one.
    pub(crate) fn asked_from(
        &mut self,
        reader: u8,
        origin: u8,
        back: u8,
    ) -> Result<Cursor, Violation> {
        if self.has(AppFault::MaximumOverPeers) {
            let watermarks = self.found(reader).watermarks.values();
            let highest = watermarks.max_by_key(|cursor| cursor.hlc());
            return Ok(highest.copied().unwrap_or(Cursor::ZERO));
        }
        let earlier = self.earlier.get(&(reader, origin)).into_iter().flatten();
        let back = back.checked_sub(1).map(usize::from);
        if let Some(earlier) = back.and_then(|back| earlier.rev().nth(back)) {
            return Ok(*earlier);
        }
        let cursor = self.device(reader).cursor(id_of(origin));
        cursor.map_err(failed("watermarks_are_true"))
    }

    /// A reader was at this cursor.
    pub(crate) fn keep_cursor(&mut self, reader: u8, origin: u8, cursor: Cursor) {
        let earlier = self.earlier.entry((reader, origin)).or_default();
        if earlier.last() != Some(&cursor) {
            earlier.push(cursor);
        }
        if earlier.len() > EARLIER_CURSORS {
            earlier.remove(0);
        }
    }
}
