//! Another program, which knows the original tables only, made a log or writes to it.

use sync_log_core::CEILING_MS;
use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use super::device::{Device, FilesOf};
use super::operation::{Operation, Purpose};
use super::receiver::Receiver;
use super::truth::Truth;
use super::{LIBRARY, Store, World};
use crate::change::change;
use crate::invariants::Violation;
use crate::step::{Call, Damage, ForeignWrite};
use crate::storage::adoption::just_below;
use crate::storage::{Foreign, MemoryFile, OTHER_MODEL, SqliteFile, Storage};

/// A device that takes part in nothing.
const STRANGER: Uuid = Uuid::from_u128(0x5712_a9e5);

impl World {
    /// A device joins that kept its changes with an earlier program. That one took
    /// acknowledgements for others, of all devices that are there, or of half of them; of the
    /// other half it knew nothing.
    pub(super) fn join_with_earlier_file(&mut self, on: u8, entries: u8) -> Result<(), Violation> {
        if self.devices.contains_key(&on) {
            return Ok(());
        }
        let id = self.id_of(on);
        let files = FilesOf {
            log: self.earlier_file(id)?,
            truth: Truth::of_earlier_program(id),
            received: Receiver::default(),
        };
        let planted = self.fault.map(broken_stores::Planted::new);
        let off_by_ms = self.off_by_ms_at_first(on);
        self.devices
            .insert(on, Device::new(id, files, planted, off_by_ms));
        self.show_time();
        self.done("join with an earlier file", format_args!("d{on}"));
        let first_ms = u64::try_from(self.now_ms).unwrap_or_default();
        for number in 0..entries {
            let hlc = Hlc::new(first_ms, number.into(), id);
            let entry = self.another_entry(hlc);
            self.write(on, Foreign::Insert(entry))?;
        }
        let newest = Hlc::new(first_ms, entries.saturating_sub(1).into(), id);
        let took_acks_of_all = entries % 2 == 1;
        let mut peers = self.live_names();
        peers.retain(|peer| took_acks_of_all || peer % 2 == 1);
        for peer in peers {
            let peer = self.id_of(peer);
            if entries > 0 && peer != id {
                self.write(on, Foreign::Ack(peer, newest))?;
            }
        }
        self.open(on, 0).map(drop)
    }

    fn earlier_file(&self, id: Uuid) -> Result<Box<dyn Storage>, Violation> {
        Ok(match self.store {
            Store::Memory => {
                let (log_ids, ids) = (&self.log_ids, (LIBRARY, id));
                Box::new(MemoryFile::of_earlier_program(log_ids, ids, self.now_ms))
            }
            Store::Sqlite => {
                let engine = self.engine.clone();
                Box::new(SqliteFile::of_earlier_program(engine, LIBRARY, id)?)
            }
        })
    }

    /// Another program writes to a log that is open. The log finds that by itself, at the
    /// latest when all of it is read, which its owner does next; an ack it does not believe.
    pub(super) fn foreign_write(
        &mut self,
        on: u8,
        what: ForeignWrite,
        prunes_first: bool,
    ) -> Result<(), Violation> {
        if !self.is_live(on) || !self.open(on, 0)? {
            return Ok(());
        }
        if let ForeignWrite::Ack { peer } = what {
            return self.foreign_ack(on, self.id_of(peer));
        }
        let Some(foreign) = self.foreign_entries(on, what) else {
            return Ok(());
        };
        self.write(on, foreign)?;
        self.done(what.name(), format_args!("d{on}"));
        if prunes_first {
            self.call(on, 0, Call::Prune, None)?;
        }
        if self.devices[&on].files.truth.is_unnoticed() {
            self.call(on, 0, Call::Review, None)
        } else {
            Ok(())
        }
    }

    fn foreign_ack(&mut self, on: u8, peer: Uuid) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        let (before, head) = (truth.ack_of(peer), truth.lineage.head());
        // An operator who vouches for what is there does not mean what is written meanwhile.
        let is_trusting =
            |held: &Operation| held.on == on && matches!(held.purpose, Purpose::Trust);
        if before.is_none_or(|acked| head <= acked) || self.held_up.iter().any(is_trusting) {
            return Ok(());
        }
        self.write(on, Foreign::Ack(peer, head))?;
        self.done("foreign ack", format_args!("d{on}"));
        self.look(on)?;
        if self.devices[&on].files.truth.ack_of(peer) == before {
            Ok(())
        } else {
            Err(Violation::new(
                "monotone",
                format!("another program moved the ack of {peer}"),
            ))
        }
    }

    fn write(&mut self, on: u8, foreign: Foreign) -> Result<(), Violation> {
        if let Some(device) = self.live(on) {
            device.files.log.write(&foreign)?;
            device.files.truth.written(&foreign);
        }
        Ok(())
    }

    /// What it does to the entries, if it makes sense here.
    fn foreign_entries(&mut self, on: u8, what: ForeignWrite) -> Option<Foreign> {
        let device = self.devices.get(&on)?;
        let (id, truth) = (device.id, &device.files.truth);
        let (head, retained) = (truth.lineage.head(), truth.own_entries());
        let newest = retained.last().map(|entry| entry.hlc);
        let hlc = match what {
            ForeignWrite::Append => Hlc::new(head.timestamp + 1, 0, id),
            ForeignWrite::Insert => free_below(newest?, retained),
            ForeignWrite::Strange => Hlc::new(head.timestamp + 1, self.last_change, STRANGER),
            ForeignWrite::DeleteOldest => {
                return Some(Foreign::DeleteButItsTag(retained.first()?.hlc));
            }
            ForeignWrite::DeleteNewest => return Some(Foreign::DeleteButItsTag(newest?)),
            ForeignWrite::Rebuild(damage) => return rebuilt(damage, retained),
            ForeignWrite::Ack { .. } => return None,
        };
        let is_free = !retained.iter().any(|entry| entry.hlc == hlc);
        if !is_free || hlc.timestamp == 0 || hlc.timestamp >= CEILING_MS {
            return None;
        }
        Some(Foreign::Insert(self.another_entry(hlc)))
    }

    /// An entry of a program that knows nothing of versions.
    fn another_entry(&mut self, hlc: Hlc) -> SharedChangeEntry {
        self.last_change += 1;
        let mut entry = change(self.last_change).stamped(hlc);
        entry.model_version = 0;
        entry
    }
}

/// The highest stamp below `hlc` that no entry has.
fn free_below(hlc: Hlc, retained: &[SharedChangeEntry]) -> Hlc {
    let mut place = just_below(hlc);
    for entry in retained.iter().rev().skip(1) {
        if entry.hlc == place {
            place = just_below(place);
        }
    }
    place
}

/// What is other in the file, if there was anything in it.
fn rebuilt(damage: Damage, retained: &[SharedChangeEntry]) -> Option<Foreign> {
    let (oldest, newest) = (retained.first()?.hlc, retained.last()?.hlc);
    let middle = &retained[retained.len() / 2];
    Some(match damage {
        Damage::NoOldest => Foreign::Delete(vec![oldest]),
        Damage::NoMiddle => Foreign::Delete(vec![middle.hlc]),
        Damage::NoNewest => Foreign::Delete(vec![newest]),
        Damage::Nothing => Foreign::Delete(retained.iter().map(|entry| entry.hlc).collect()),
        // It is other once: the next time that would be no damage.
        Damage::OtherContent if middle.model_type == OTHER_MODEL => return None,
        Damage::OtherContent => Foreign::Rewrite(middle.hlc),
        Damage::NoTag => Foreign::DropTag(middle.hlc),
        Damage::OtherTag => Foreign::OtherTag(middle.hlc),
    })
}

impl ForeignWrite {
    fn name(self) -> &'static str {
        match self {
            Self::Append => "foreign append",
            Self::Insert => "foreign insert",
            Self::Strange => "foreign entry of a stranger",
            Self::DeleteOldest => "foreign delete of the oldest",
            Self::DeleteNewest => "foreign delete of the newest",
            Self::Ack { .. } => "foreign ack",
            Self::Rebuild(_) => "rebuilt file",
        }
    }
}
