//! The devices, the messages between them, and what the oracle knows.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use sync_log_core::{Cursor, DeviceId};

use super::checks::{self, Histories};
use super::device::Device;
use super::fault::AppFault;
use super::history::History;
use super::network::Network;
use super::scenario::Scenario;
use crate::engine::Engine;
use crate::invariants::Violation;
use crate::trace::{START_MS, Trace};

/// How many earlier cursors a reader keeps of an origin, to ask from them again.
const EARLIER_CURSORS: usize = 4;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) devices: Vec<Device>,
    pub(crate) histories: Histories,
    pub(crate) network: Network,
    pub(crate) trace: Trace,
    pub(crate) device_steps: u64,
    now_ms: i64,
    offs_ms: Vec<i64>,
    /// The cursors that a reader had of an origin, the newest last.
    earlier: BTreeMap<(u8, u8), Vec<Cursor>>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario, fault: Option<AppFault>, trace: Trace) -> Result<Self> {
        let engine = Engine::Memory;
        let devices = (0..)
            .zip(&scenario.releases)
            .map(|(number, release)| Device::new(&engine, number, *release, START_MS, fault));
        let devices = devices.collect::<Result<Vec<_>>>()?;
        let histories = devices.iter().map(|it| (it.id, History::default()));
        let world = Self {
            histories: histories.collect(),
            offs_ms: vec![0; devices.len()],
            engine,
            devices,
            network: Network::default(),
            trace,
            device_steps: 0,
            now_ms: START_MS,
            earlier: BTreeMap::new(),
        };
        world.introduce()?;
        Ok(world)
    }

    /// Each device is a peer of each other one.
    fn introduce(&self) -> Result<()> {
        for device in &self.devices {
            for peer in self.others(device.id) {
                let registered = device.register(&self.engine, peer);
                registered.context("failed to register a peer")?;
            }
        }
        Ok(())
    }

    pub(crate) fn others(&self, of: DeviceId) -> Vec<DeviceId> {
        let ids = self.devices.iter().map(|device| device.id);
        ids.filter(|id| *id != of).collect()
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

    pub(crate) fn device(&self, number: u8) -> &Device {
        &self.devices[usize::from(number)]
    }

    pub(crate) fn device_mut(&mut self, number: u8) -> &mut Device {
        &mut self.devices[usize::from(number)]
    }

    pub(crate) fn check(&mut self, number: u8) -> Result<(), Violation> {
        self.device_steps += 1;
        checks::device(self.device(number), &self.histories)
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

    fn set_clocks(&self) {
        for (device, off_ms) in self.devices.iter().zip(&self.offs_ms) {
            device.wall.set_ms(self.now_ms.saturating_add(*off_ms));
        }
    }

    pub(crate) fn restart(&mut self, number: u8) -> Result<(), Violation> {
        let restarted = self.devices[usize::from(number)].restart(&self.engine);
        restarted.map_err(|error| Violation::new("logs_open", error.to_string()))
    }

    /// The cursor from which a reader asks an origin: its watermark, or an earlier one.
    pub(crate) fn asked_from(&self, reader: u8, origin: u8, back: u8) -> Cursor {
        let device = self.device(reader);
        if device.has(AppFault::MaximumOverPeers) {
            let watermarks = device.records.watermarks.values();
            let highest = watermarks.max_by_key(|cursor| cursor.hlc());
            return highest.copied().unwrap_or(Cursor::ZERO);
        }
        let earlier = self.earlier.get(&(reader, origin)).into_iter().flatten();
        let back = back.checked_sub(1).map(usize::from);
        let earlier = back.and_then(|back| earlier.rev().nth(back));
        let watermark = || device.watermark(self.device(origin).id);
        earlier.copied().unwrap_or_else(watermark)
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
