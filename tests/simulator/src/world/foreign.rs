//! Another program, which knows the original tables only, made a log or writes to it.

use sync_log_core::hlc::CEILING_MS;
use sync_log_core::{Hlc, Uuid};

use super::device::{Device, FilesOf};
use super::receiver::Receiver;
use super::truth::Truth;
use super::{LIBRARY, Store, World};
use crate::change::change;
use crate::invariants::Violation;
use crate::step::ForeignWrite;
use crate::storage::adoption::just_below;
use crate::storage::{Foreign, MemoryFile, SqliteFile, Storage};

/// A device that takes part in nothing.
const STRANGER: Uuid = Uuid::from_u128(0x5712_a9e5);

impl World {
    /// A device joins that kept its changes with an earlier program. That one took
    /// acknowledgements for others, of half of the devices that are there; of the other
    /// half it knew nothing.
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
            let entry = self.another_change().stamped(hlc);
            self.write(on, Foreign::Insert(entry))?;
        }
        let newest = Hlc::new(first_ms, entries.saturating_sub(1).into(), id);
        for peer in self.live_names().into_iter().filter(|peer| peer % 2 == 1) {
            let peer = self.id_of(peer);
            if entries > 0 && peer != id {
                self.write(on, Foreign::Ack(peer, newest))?;
            }
        }
        self.open(on, 0).map(drop)
    }

    fn earlier_file(&self, id: Uuid) -> Result<Box<dyn Storage>, Violation> {
        Ok(match self.store {
            Store::Memory => Box::new(MemoryFile::of_earlier_program(&self.log_ids, LIBRARY, id)),
            Store::Sqlite => {
                let engine = self.engine.clone();
                Box::new(SqliteFile::of_earlier_program(engine, LIBRARY, id)?)
            }
        })
    }

    /// Another program writes to a log that may be open.
    pub(super) fn foreign_write(&mut self, on: u8, what: ForeignWrite) -> Result<(), Violation> {
        if !self.is_live(on) {
            return Ok(());
        }
        let Some(foreign) = self.foreign(on, what) else {
            return Ok(());
        };
        self.write(on, foreign)?;
        self.done(what.name(), format_args!("d{on}"));
        self.look(on)
    }

    fn write(&mut self, on: u8, foreign: Foreign) -> Result<(), Violation> {
        if let Some(device) = self.live(on) {
            device.files.log.write(&foreign)?;
            device.files.truth.written(&foreign);
        }
        Ok(())
    }

    /// What it writes, if it makes sense here.
    fn foreign(&mut self, on: u8, what: ForeignWrite) -> Option<Foreign> {
        let device = self.devices.get(&on)?;
        let (id, truth) = (device.id, &device.files.truth);
        let head = truth.lineage.head();
        let retained = truth.own_entries();
        let newest = retained.last().map(|entry| entry.hlc);
        let highest = newest.map_or(head, |newest| newest.max(head));
        let hlc = match what {
            ForeignWrite::Append => Hlc::new(highest.timestamp + 1, 0, id),
            ForeignWrite::Insert => just_below(newest?),
            ForeignWrite::Strange => Hlc::new(highest.timestamp + 1, self.last_change, STRANGER),
            ForeignWrite::DeleteOldest => return Some(Foreign::Delete(retained.first()?.hlc)),
            ForeignWrite::DeleteNewest => return Some(Foreign::Delete(newest?)),
            ForeignWrite::Ack { peer } => {
                let peer = self.id_of(peer);
                let moves = truth.ack_of(peer).is_some_and(|acked| acked < head);
                let is_open = !truth.has_to_be_adopted();
                return (moves && is_open).then_some(Foreign::Ack(peer, head));
            }
        };
        let is_free = !retained.iter().any(|entry| entry.hlc == hlc);
        if !is_free || hlc.timestamp == 0 || hlc.timestamp >= CEILING_MS {
            return None;
        }
        Some(Foreign::Insert(self.another_change().stamped(hlc)))
    }

    fn another_change(&mut self) -> sync_log_core::Change {
        self.last_change += 1;
        change(self.last_change)
    }
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
        }
    }
}
