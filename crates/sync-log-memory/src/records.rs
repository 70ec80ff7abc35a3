//! The reference records: a receiver's tables, and an app's, as a value.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use sync_log_core::receive::{
    Found, Move, OwnStore, ReceiverStore, Record, RecordId, RecordStore, RecordWrite,
    SnapshotStore, Standing, Tie, Wanted, WhyNotShown,
};
use sync_log_core::{Cursor, DeviceId, Hlc, JsonText, SharedChangeEntry, StoreError};

/// What a receiver keeps beside an app's tables, and these tables, in memory.
///
/// It is a value: a clone is a snapshot, and to put a clone back is to roll back. Each call changes all
/// of what it says, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryRecords<T = Rows> {
    /// The app's tables.
    pub tables: T,
    /// The records, with their versions and standings.
    pub records: BTreeMap<RecordId, Record>,
    /// What ties records together.
    pub ties: BTreeSet<(Tie, RecordId)>,
    /// The cursor up to which the log of each origin was applied.
    pub watermarks: BTreeMap<DeviceId, Cursor>,
    /// The entries of groups that wait.
    pub waiting: BTreeMap<Hlc, SharedChangeEntry>,
    /// The own entries that were put out, for the log.
    pub outbox: Vec<SharedChangeEntry>,
    /// The highest stamp that was given out; `None` at first.
    pub given_out: Option<Hlc>,
    /// The highest stamp that was received; `None` at first.
    pub observed: Option<Hlc>,
    /// The highest stamp of a deleted record that was forgotten; `None` at first.
    pub forgotten: Option<Hlc>,
    /// The stamp up to which own changes are missing from the records; `None` at first.
    pub unversioned: Option<Hlc>,
}

/// An app's tables. [`Rows`] take every payload; a test may have others, which refuse some.
pub trait Tables {
    /// Changes the rows, step by step. Returns what cannot be shown, and why; if there is anything, the
    /// rows are as they were.
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)>;
}

/// The rows of tables that take every payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows(pub BTreeMap<RecordId, JsonText>);

impl Tables for Rows {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        for step in steps {
            match step {
                Move::Hide(id) => self.0.remove(id),
                Move::Show(id, payload) => self.0.insert(id.clone(), payload.clone()),
            };
        }
        Vec::new()
    }
}

impl<T: Tables> RecordStore for MemoryRecords<T> {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        let records = wanted.records.iter();
        let found = records.filter_map(|id| Some((id.clone(), self.records.get(id)?.clone())));
        let tied = self
            .ties
            .iter()
            .filter(|(tie, _)| wanted.ties.contains(tie));
        Ok(Found {
            records: found.collect(),
            tied: tied.cloned().collect(),
        })
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        for write in records {
            self.records.insert(write.id.clone(), write.record.clone());
            if let Some(ties) = &write.ties {
                self.ties.retain(|(_, id)| *id != write.id);
                let ties = ties.iter().map(|tie| (tie.clone(), write.id.clone()));
                self.ties.extend(ties);
            }
        }
        Ok(())
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        Ok(self.tables.change(steps))
    }
}

impl<T: Tables> OwnStore for MemoryRecords<T> {
    async fn mark(&mut self) -> Result<Hlc, StoreError> {
        Ok(self.observed.max(self.given_out).unwrap_or(Hlc::ZERO))
    }

    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.outbox.extend_from_slice(entries);
        // The mark has to outlive the entry, which leaves the outbox once the log has it.
        let last = entries.last().map(|last| last.hlc);
        self.given_out = self.given_out.max(last);
        Ok(())
    }
}

impl<T: Tables> ReceiverStore for MemoryRecords<T> {
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.records.range((from, Bound::Unbounded));
        let records = records.map(|(id, record)| (id.clone(), record.clone()));
        Ok(records.take(limit).collect())
    }

    async fn has_unreadable(&mut self) -> Result<bool, StoreError> {
        let mut standings = self.records.values().map(|record| &record.standing);
        Ok(standings.any(|standing| {
            let why = standing.why_not_shown();
            matches!(
                why,
                Some(WhyNotShown::UnknownModel | WhyNotShown::NewerModel)
            )
        }))
    }

    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError> {
        Ok(self
            .watermarks
            .get(&origin)
            .copied()
            .unwrap_or(Cursor::ZERO))
    }

    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError> {
        self.watermarks.insert(origin, to);
        Ok(())
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        Ok(self.waiting.values().cloned().collect())
    }

    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        let entries = entries.iter().map(|entry| (entry.hlc, entry.clone()));
        self.waiting.extend(entries);
        Ok(())
    }

    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        for entry in entries {
            self.waiting.remove(&entry.hlc);
        }
        Ok(())
    }

    async fn deleted(
        &mut self,
        after: Option<&(RecordId, Hlc)>,
        up_to: Hlc,
        limit: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
        let deleted = self.records.iter().filter(|(_, record)| {
            record.standing == Standing::Deleted && record.version.source.hlc <= up_to
        });
        let deleted = deleted.map(|(id, record)| (id.clone(), record.version.source.hlc));
        let position = |(id, hlc): &(RecordId, Hlc)| (*hlc, id.clone());
        let after = after.map(position);
        let deleted = deleted.filter(|it| after.as_ref().is_none_or(|after| position(it) > *after));
        let mut deleted: Vec<_> = deleted.collect();
        deleted.sort_by_key(position);
        deleted.truncate(limit);
        Ok(deleted)
    }

    async fn forget(&mut self, deleted: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
        for (id, hlc) in deleted {
            self.records.remove(id);
            self.ties.retain(|(_, tied)| tied != id);
            self.forgotten = self.forgotten.max(Some(*hlc));
        }
        Ok(())
    }

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        self.observed = self.observed.max(Some(highest));
        Ok(())
    }
}

impl<T: Tables> SnapshotStore for MemoryRecords<T> {
    async fn watermarks(&mut self) -> Result<Vec<(DeviceId, Cursor)>, StoreError> {
        let watermarks = self.watermarks.iter();
        Ok(watermarks
            .map(|(origin, cursor)| (*origin, *cursor))
            .collect())
    }

    async fn forgotten(&mut self) -> Result<Hlc, StoreError> {
        Ok(self.forgotten.unwrap_or(Hlc::ZERO))
    }

    async fn raise_forgotten(&mut self, to: Hlc) -> Result<(), StoreError> {
        if !to.is_zero() {
            self.forgotten = self.forgotten.max(Some(to));
        }
        Ok(())
    }

    async fn unversioned(&mut self) -> Result<Hlc, StoreError> {
        Ok(self.unversioned.unwrap_or(Hlc::ZERO))
    }

    async fn set_versioned(&mut self) -> Result<(), StoreError> {
        self.unversioned = None;
        Ok(())
    }
}
