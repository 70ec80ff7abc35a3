//! What happens between devices, and to their files.

use sync_log_core::Birth;

use super::World;
use super::device::{Device, FilesOf};
use super::network::{Envelope, Message};
use super::operation::{Purpose, Reading};
use super::receiver::Trouble;
use super::truth::Past;
use crate::gate::Struck;
use crate::invariants::Violation;
use crate::step::{Files, Step};
use crate::trace::Short;

impl World {
    /// A reader asks for what follows on what it has.
    pub(super) fn pull(&mut self, reader: u8, origin: u8, limit: usize) -> Result<(), Violation> {
        let origin_id = self.id_of(origin);
        let Some(device) = self.live(reader) else {
            return Ok(());
        };
        if device.id == origin_id {
            return Ok(());
        }
        let received = &device.files.received;
        let (cursor, has) = (received.cursor(origin_id), received.prefix(origin_id));
        let detail = format_args!(
            "d{reader} asks d{origin} for {limit} after {}",
            Short(cursor.hlc())
        );
        self.trace.event("pull", detail);
        self.network.send(Envelope {
            from: reader,
            to: origin,
            message: Message::Pull { cursor, limit },
            has,
        });
        Ok(())
    }

    /// A reader says once more how far it is.
    pub(super) fn ack(&mut self, reader: u8, origin: u8) -> Result<(), Violation> {
        let origin_id = self.id_of(origin);
        let Some(device) = self.live(reader) else {
            return Ok(());
        };
        let cursor = device.files.received.cursor(origin_id);
        if device.id != origin_id {
            self.trace
                .event("ack again", format_args!("d{reader} to d{origin}"));
            self.send_ack(reader, origin, cursor);
        }
        Ok(())
    }

    pub(super) fn deliver(
        &mut self,
        pick: i16,
        process: u8,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        let Some(envelope) = self.network.deliver(pick) else {
            return Ok(());
        };
        self.arrive(envelope, process.into(), struck)
    }

    pub(super) fn arrive(
        &mut self,
        envelope: Envelope,
        process: usize,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        let Envelope {
            from,
            to,
            message,
            has,
        } = envelope;
        let (from_id, known) = (self.id_of(from), self.devices.contains_key(&from));
        if !known || !self.is_live(to) || !self.open(to, process)? {
            return Ok(());
        }
        let purpose = match message {
            Message::Pull { cursor, limit } => Purpose::Serve(Reading {
                reader: from,
                peer: from_id,
                cursor,
                limit,
                has,
            }),
            Message::Ack { cursor, admission } => Purpose::TakeAck {
                reader: from,
                peer: from_id,
                cursor,
                admission,
                has,
            },
            Message::Page(page) => Purpose::Learn {
                origin: from,
                origin_id: from_id,
                page,
            },
            Message::Refused { asked, why } => {
                if let (Some(trouble), Some(device)) = (why.trouble, self.live(to)) {
                    device.files.received.refused(from_id, asked, trouble);
                }
                return Ok(());
            }
        };
        self.begin(to, process, purpose, struck)
    }

    /// What an operator does with a reader that cannot go on: registers it, or
    /// gives it a copy of the state.
    pub(super) fn bootstrap(
        &mut self,
        reader: u8,
        origin: u8,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        if !self.is_live(reader) || !self.is_live(origin) || !self.open(origin, 0)? {
            return Ok(());
        }
        let (peer, origin_id) = (self.devices[&reader].id, self.devices[&origin].id);
        let received = &self.devices[&reader].files.received;
        let asked = received.cursor(origin_id);
        let truth = &self.devices[&origin].files.truth;
        if peer == origin_id {
            return Ok(());
        }
        let purpose = match received.trouble(origin_id) {
            Some(Trouble::Unknown) => Purpose::Register {
                peer,
                reader: Some(reader),
            },
            Some(Trouble::NeedsCopy) if truth.is_active(peer) => Purpose::Pin { reader, asked },
            Some(Trouble::NeedsCopy) => Purpose::Register { peer, reader: None },
            Some(Trouble::OtherNumber) => Purpose::Admit {
                peer,
                reader,
                is_fresh: false,
            },
            Some(Trouble::Retired) | None => return Ok(()),
        };
        self.begin(origin, 0, purpose, struck)
    }

    pub(super) fn trouble_the_network(&mut self, step: Step) {
        match step {
            Step::Lose { pick } => {
                if let Some(lost) = self.network.lose(pick.into()) {
                    let (from, to) = (lost.from, lost.to);
                    self.trace
                        .event("message lost", format_args!("d{from} to d{to}"));
                }
            }
            Step::Duplicate { pick } => {
                if let Some(twin) = self.network.duplicate(pick.into()) {
                    let (from, to) = (twin.from, twin.to);
                    self.trace
                        .event("message doubled", format_args!("d{from} to d{to}"));
                }
            }
            Step::Cut { one, other } if self.network.cut(one, other) => {
                self.trace.event("cut", format_args!("d{one} and d{other}"));
            }
            Step::Mend { one, other } if self.network.mend(one, other) => {
                self.trace
                    .event("mended", format_args!("d{one} and d{other}"));
            }
            _ => {}
        }
    }

    pub(super) fn crash(&mut self, on: u8, process: u8) -> Result<(), Violation> {
        if self.is_live(on) && self.kill(on, process.into())? {
            self.done("crash", format_args!("d{on}/{process}"));
            self.look(on)?;
        }
        Ok(())
    }

    pub(super) fn close(&mut self, on: u8) -> Result<(), Violation> {
        if !self.is_live(on) {
            return Ok(());
        }
        self.give_up_all(|held| held.on == on)?;
        let engine = self.engine.clone();
        let Some(device) = self.live(on) else {
            return Ok(());
        };
        if let Some(watched) = device.close(&engine)? {
            self.done("close", format_args!("d{on}"));
            for (_handle, watching) in watched {
                watching.ends_with_the_log(&engine)?;
            }
        }
        self.look(on)
    }

    pub(super) fn back_up(&mut self, on: u8) -> Result<(), Violation> {
        self.close(on)?;
        if let Some(device) = self.live(on) {
            device.back_up()?;
            self.done("backup", format_args!("d{on}"));
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, on: u8, pick: u8, files: Files) -> Result<(), Violation> {
        let Some(device) = self.live(on) else {
            return Ok(());
        };
        let Some(place) = usize::from(pick).checked_rem(device.backups.len()) else {
            return Ok(());
        };
        self.close(on)?;
        self.give_up_all(|held| held.serves(on))?;
        let Some(stopped) = self.live(on) else {
            return Ok(());
        };
        let FilesOf {
            log,
            truth,
            received,
        } = stopped.backups[place].copy()?;
        if files != Files::Received {
            (stopped.files.log, stopped.files.truth) = (log, truth);
            stopped.files.truth.put_back();
        }
        if files != Files::Log {
            stopped.files.received = received;
        }
        // A connection ends when files are put back at one of its ends. The log could not
        // tell an ack that was sent before from a current one.
        self.network.forget_sender(on);
        if files != Files::Received {
            self.network.forget_acks(|_, to| to == on);
        }
        self.rely_again(on);
        self.be_relied_on(on);
        let (kind, detail) = match files {
            Files::Both => ("restore", format_args!("d{on}")),
            Files::Log => ("restore of the log", format_args!("d{on}")),
            Files::Received => ("restore of what was received", format_args!("d{on}")),
        };
        self.done(kind, detail);
        self.look(on)
    }

    /// A log that was put back may rely on what its peers have by now.
    fn rely_again(&mut self, on: u8) {
        let origin = self.id_of(on);
        let readers = self.devices.values();
        let have: Vec<_> = readers
            .map(|reader| (reader.id, reader.files.received.numbers(origin).to_vec()))
            .collect();
        if let Some(device) = self.devices.get_mut(&on) {
            for (peer, numbers) in have {
                device.files.truth.applied(peer, numbers);
            }
        }
    }

    /// A device may be put back to a later copy than the one before: its origins
    /// may rely on what it has now.
    fn be_relied_on(&mut self, on: u8) {
        let Some(reader) = self.devices.get(&on) else {
            return;
        };
        let (peer, received) = (reader.id, reader.files.received.clone());
        for origin in self.devices.values_mut() {
            let numbers = received.numbers(origin.id).iter().copied();
            origin.files.truth.applied(peer, numbers);
        }
    }

    pub(super) fn clone_device(&mut self, of: u8, copy: u8) -> Result<(), Violation> {
        if !self.is_live(of) || self.devices.contains_key(&copy) {
            return Ok(());
        }
        self.close(of)?;
        if let Some(device) = self.live(of) {
            device.files.truth.put_back();
        }
        let device = &self.devices[&of];
        let (id, files) = (device.id, device.files.copy()?);
        let (planted, off_by_ms) = (device.planted.clone(), device.off_by_ms);
        self.devices
            .insert(copy, Device::new(id, files, planted, off_by_ms));
        self.cloned.insert(id);
        self.show_time();
        self.done("clone", format_args!("d{copy} of d{of}"));
        Ok(())
    }

    pub(super) fn lose_file(&mut self, on: u8) -> Result<(), Violation> {
        if !self.is_live(on) {
            return Ok(());
        }
        self.close(on)?;
        let device = &self.devices[&on];
        let (id, off_by_ms) = (device.id, device.off_by_ms);
        // Its records are there still.
        let past = if self.cloned.contains(&id) {
            Past::PutBack
        } else {
            Past::MadeAgain
        };
        let (log, truth) = self.new_log(id, off_by_ms, Birth::BesideRecords, past)?;
        let planted = self.fault.map(broken_stores::Planted::new);
        if let Some(stopped) = self.live(on) {
            (stopped.files.log, stopped.files.truth) = (log, truth);
            stopped.planted = planted;
            self.done("log lost", format_args!("d{on}"));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, on: u8) -> Result<(), Violation> {
        self.close(on)?;
        if let Some(device) = self.live(on) {
            device.is_gone = true;
            self.done("leave", format_args!("d{on}"));
        }
        Ok(())
    }
}
