//! Calls begin, are held up, go on, and are given up.

use std::collections::BTreeSet;

use sync_log_core::{Hlc, Uuid};

use super::operation::{Operation, Purpose};
use super::{LIBRARY, World};
use crate::change::{change, number};
use crate::gate::{Incident, Stopped, Struck};
use crate::invariants::Violation;
use crate::step::{Call, WildAck};
use crate::trace::{Short, refusal};

/// Most operations that are held up at a time; the oldest is given up first.
const HELD_UP_MAX: usize = 6;

impl World {
    pub(super) fn call(
        &mut self,
        on: u8,
        process: u8,
        call: Call,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        if !self.is_live(on) || !self.open(on, process.into())? {
            return Ok(());
        }
        match self.purpose(on, process.into(), call) {
            Some(purpose) => self.begin(on, process.into(), purpose, struck),
            None => Ok(()),
        }
    }

    /// What a call is for, if it makes sense here.
    fn purpose(&mut self, on: u8, process: usize, call: Call) -> Option<Purpose> {
        Some(match call {
            Call::Record { changes } => self.record(changes),
            Call::Tick => Purpose::Tick,
            Call::Append => Purpose::Append {
                entry: self.live(on)?.processes[process].as_mut()?.stamped.take()?,
            },
            Call::Prune => Purpose::Prune,
            Call::Register { peer } => Purpose::Register {
                peer: self.id_of(peer),
                reader: None,
            },
            Call::Retire { peer } => Purpose::Retire {
                peer: self.id_of(peer),
            },
            Call::Admit { peer, is_fresh } => Purpose::Admit {
                peer: self.id_of(peer),
                reader: peer,
                is_fresh,
            },
            Call::Declare => Purpose::Declare {
                peers: self.others(on),
            },
            Call::Trust => {
                let is_true = self.live(on)?.files.truth.claims_are_true();
                return is_true.then_some(Purpose::Trust);
            }
            Call::Solo => Purpose::Solo,
            Call::Review => Purpose::Review,
            Call::Explain => Purpose::Explain,
            Call::Echo { reader } => Purpose::Echo {
                stamp: self.stamp_read_by(reader, on)?,
            },
            Call::DismissVerdicts => Purpose::DismissVerdicts,
            Call::WildAck { peer, ack } => Purpose::WildAck {
                peer: self.id_of(peer),
                hlc: self.wild_stamp(on, process, ack)?,
            },
        })
    }

    /// The newest stamp of a device that another one has.
    fn stamp_read_by(&self, reader: u8, origin: u8) -> Option<Hlc> {
        let received = &self.devices.get(&reader)?.files.received;
        received.newest(self.id_of(origin))
    }

    /// The ids of the others that are there.
    pub(super) fn others(&self, on: u8) -> Vec<Uuid> {
        let own = self.id_of(on);
        let ids: BTreeSet<Uuid> = self
            .live_names()
            .into_iter()
            .map(|name| self.id_of(name))
            .collect();
        ids.into_iter().filter(|id| *id != own).collect()
    }

    pub(super) fn record(&mut self, count: u16) -> Purpose {
        let first = self.last_change + 1;
        self.last_change += u64::from(count);
        let numbers: Vec<u64> = (first..=self.last_change).collect();
        let changes = numbers.iter().map(|number| change(*number)).collect();
        Purpose::Record { numbers, changes }
    }

    /// A stamp that no device can have for an entry of this log.
    fn wild_stamp(&mut self, on: u8, process: usize, ack: WildAck) -> Option<Hlc> {
        let device = self.live(on)?;
        let head = device.files.truth.lineage.head();
        match ack {
            WildAck::BeyondHead => Some(Hlc::new(head.timestamp + 1, 0, device.id)),
            WildAck::Foreign => Some(Hlc::new(head.timestamp, 0, Uuid::from_u128(1))),
            WildAck::Unused => {
                let stamped = device.processes[process].as_ref()?.stamped.as_ref()?;
                let lineage = &device.files.truth.lineage;
                lineage.at(stamped.hlc).is_none().then_some(stamped.hlc)
            }
        }
    }

    /// Has the log open in that process; says whether it could be opened.
    pub(super) fn open(&mut self, on: u8, process: usize) -> Result<bool, Violation> {
        let Some(device) = self.live(on) else {
            return Ok(false);
        };
        if device.processes[process].is_some() {
            return Ok(true);
        }
        let adopts = device.files.truth.has_to_be_adopted();
        if adopts {
            // What is held up was begun on a log that is another one from now on.
            self.give_up_all(|held| held.on == on)?;
            self.trace.event("adopt", format_args!("d{on}"));
            self.end_watch(on, 1 - process);
        }
        self.open_process(on, process)?;
        if adopts {
            self.open_again(on, 1 - process)?;
        }
        Ok(self.is_live(on))
    }

    /// A watch is of the log that its handle has, so it ends with the adoption (`I6`).
    fn end_watch(&mut self, on: u8, process: usize) {
        if let Some(running) = self.live(on).and_then(|d| d.processes[process].as_mut()) {
            running.watching = None;
        }
    }

    /// The handle of the other process is of the log before the adoption, and every call on it would
    /// fail (`I6`). The process opens the log again, and goes on with the stamp that it had drawn.
    fn open_again(&mut self, on: u8, process: usize) -> Result<(), Violation> {
        let running = self.live(on).and_then(|d| d.processes[process].as_mut());
        let Some(running) = running else {
            return Ok(());
        };
        let stamped = running.stamped.take();
        self.kill(on, process)?;
        self.open_process(on, process)?;
        if let Some(after) = self.live(on).and_then(|d| d.processes[process].as_mut()) {
            after.stamped = stamped;
        }
        Ok(())
    }

    fn open_process(&mut self, on: u8, process: usize) -> Result<(), Violation> {
        let (options, now_ms) = (self.log_options(on), self.now_ms);
        let engine = self.engine.clone();
        let Some(device) = self.live(on) else {
            return Ok(());
        };
        if let Err(error) = device.open(&engine, process, LIBRARY, options, now_ms)? {
            let what = format!("device {on} cannot open its log: {error}");
            return Err(Violation::new("answers_hold", what));
        }
        self.done("open", format_args!("d{on}/{process}"));
        self.look(on)
    }

    /// Begins a call in a process that has the log open.
    pub(super) fn begin(
        &mut self,
        on: u8,
        process: usize,
        purpose: Purpose,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        let Some(device) = self.live(on) else {
            return Ok(());
        };
        let Some(running) = &device.processes[process] else {
            return Ok(());
        };
        let future = purpose.begin(running.log.clone());
        let truth = &mut device.files.truth;
        match &purpose {
            Purpose::Record { numbers, .. } => truth.on_the_way.extend(numbers),
            Purpose::Append { entry } => {
                truth.on_the_way.insert(number(entry));
            }
            Purpose::Retire { peer } => {
                truth.retiring.insert(*peer);
            }
            Purpose::Echo { stamp } => truth.suspect_stamp(*stamp),
            Purpose::Serve(read) => truth.suspect_reader(read.peer, read.cursor, read.has),
            Purpose::TakeAck {
                peer,
                cursor,
                admission,
                ..
            } => truth.suspect_number(*peer, *cursor, *admission),
            Purpose::DismissVerdicts => truth.is_dismissing = true,
            _ => {}
        }
        let operation = Operation {
            on,
            process,
            future,
            issued: truth.issued,
            committed: truth.lineage.entries().len(),
            gone: truth.lineage.gone().len(),
            was_parked: false,
            release: None,
            purpose,
        };
        self.device_steps += 1;
        self.advance(operation, struck)
    }

    /// Lets a call go on, as far as it goes.
    fn advance(
        &mut self,
        mut operation: Operation,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        let (on, process) = (operation.on, operation.process);
        let word = operation.purpose.word();
        self.hear(on, &operation.purpose);
        let device = &self.devices[&on];
        let Some(running) = &device.processes[process] else {
            return Ok(());
        };
        let valve = running.valve.clone();
        valve.arm(struck);
        operation.release();
        let answer = self.engine.drive(operation.future.as_mut(), &valve);
        let (happened, stopped) = valve.disarm();
        if let Some(incident) = happened {
            self.done(incident.name(), format_args!("d{on}/{process} {word}"));
        }
        match (answer, stopped) {
            (Some(answer), _) => {
                self.look(on)?;
                match &answer {
                    Ok(_) => self.trace.event(word, format_args!("on d{on}: ok")),
                    Err(error) => {
                        let kind = refusal(error);
                        self.trace.event(kind, format_args!("{word} on d{on}"));
                    }
                }
                self.settle(operation, answer, happened)
            }
            (None, Some(Stopped::Parked(release))) => {
                operation.was_parked = true;
                operation.release = Some(release);
                self.hold_up(operation)?;
                self.look(on)
            }
            (None, Some(Stopped::Crashed)) => {
                drop(operation);
                self.kill(on, process)?;
                self.look(on)
            }
            (None, _) => self.give_up(operation),
        }
    }

    /// A log may rely on what a peer has that acknowledges under the current number, however
    /// the peer learnt that number: from this log before it was put back, or from a copy.
    fn hear(&mut self, on: u8, purpose: &Purpose) {
        let Purpose::TakeAck {
            reader,
            peer,
            admission,
            ..
        } = purpose
        else {
            return;
        };
        let origin = self.id_of(on);
        let received = &self.devices[reader].files.received;
        let has = received.numbers(origin).to_vec();
        let truth = self.devices.get_mut(&on).map(|d| &mut d.files.truth);
        if let Some(truth) = truth.filter(|truth| truth.admission(*peer) == Some(*admission)) {
            truth.applied(*peer, has);
        }
    }

    fn hold_up(&mut self, operation: Operation) -> Result<(), Violation> {
        self.held_up.push(operation);
        if self.held_up.len() > HELD_UP_MAX {
            let oldest = self.held_up.remove(0);
            self.give_up(oldest)?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, pick: u8, struck: Option<Struck>) -> Result<(), Violation> {
        let Some(back) = usize::from(pick).checked_rem(self.held_up.len()) else {
            return Ok(());
        };
        let operation = self.held_up.remove(self.held_up.len() - 1 - back);
        let (on, word) = (operation.on, operation.purpose.word());
        self.done("resume", format_args!("{word} on d{on}"));
        self.advance(operation, struck)
    }

    pub(super) fn cancel(&mut self, pick: u8) -> Result<(), Violation> {
        let Some(place) = usize::from(pick).checked_rem(self.held_up.len()) else {
            return Ok(());
        };
        let operation = self.held_up.remove(place);
        let (on, word) = (operation.on, operation.purpose.word());
        self.done("cancel", format_args!("{word} on d{on}"));
        self.give_up(operation)
    }

    /// Drops a call half-way.
    fn give_up(&mut self, operation: Operation) -> Result<(), Violation> {
        let (on, process) = (operation.on, operation.process);
        let Operation {
            future, purpose, ..
        } = operation;
        drop(future);
        let engine = self.engine.clone();
        if let Some(device) = self.devices.get_mut(&on) {
            device.settle(&engine, process)?;
            if let Purpose::Append { entry } = purpose
                && let Some(running) = &mut device.processes[process]
            {
                running.stamped = Some(entry);
            }
        }
        self.look(on)
    }

    /// Drops the calls that `matches` names.
    pub(super) fn give_up_all(
        &mut self,
        matches: impl Fn(&Operation) -> bool,
    ) -> Result<(), Violation> {
        while let Some(place) = self.held_up.iter().position(&matches) {
            let operation = self.held_up.remove(place);
            self.give_up(operation)?;
        }
        Ok(())
    }

    /// Kills a process, and its calls with it.
    pub(super) fn kill(&mut self, on: u8, process: usize) -> Result<bool, Violation> {
        self.held_up
            .retain(|held| (held.on, held.process) != (on, process));
        let engine = self.engine.clone();
        match self.devices.get_mut(&on) {
            Some(device) => Ok(device.kill(&engine, process)?),
            None => Ok(false),
        }
    }

    /// Looks at a device's log, and checks what is there.
    pub(super) fn look(&mut self, on: u8) -> Result<(), Violation> {
        let now_ms = self.now_ms;
        if let Some(device) = self.devices.get_mut(&on) {
            let dump = device.files.log.dump()?;
            let seen = device.files.truth.look(dump, now_ms)?;
            for hold in seen.holds {
                self.trace
                    .event("pruning held", format_args!("d{on} at {}", Short(hold)));
            }
            for (kind, sign) in seen.signs {
                let detail = format_args!("d{on} {kind} at {}", Short(sign.hlc));
                self.trace.event("verdict", detail);
            }
        }
        self.tell(on)
    }
}

/// Whether nobody can tell what became of a call.
pub(super) fn is_unknown(happened: Option<Incident>) -> bool {
    happened == Some(Incident::LoseAnswer)
}
