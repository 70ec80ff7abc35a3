//! The reference records: a receiver's tables, and an app's, as a value.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{
    Found, Move, ReceiverStore, Record, RecordId, RecordStore, RecordWrite, Tie, Wanted,
};
use sync_log_core::{Cursor, DeviceId, Hlc, JsonText, SharedChangeEntry, StoreError};

/// What a receiver keeps beside an app's tables, and these tables, in memory.
///
/// It is a value: a clone is a snapshot, and to put a clone back is to roll back. The app's tables
/// take every payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryRecords {
    records: BTreeMap<RecordId, Record>,
    ties: BTreeSet<(Tie, RecordId)>,
    rows: BTreeMap<RecordId, JsonText>,
    watermarks: BTreeMap<DeviceId, Cursor>,
    waiting: BTreeMap<Hlc, SharedChangeEntry>,
    observed: Option<Hlc>,
}

impl MemoryRecords {
    /// Without any record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The records, with their versions and standings.
    #[must_use]
    pub const fn records(&self) -> &BTreeMap<RecordId, Record> {
        &self.records
    }

    /// The rows of the app's tables.
    #[must_use]
    pub const fn rows(&self) -> &BTreeMap<RecordId, JsonText> {
        &self.rows
    }

    /// The highest stamp that was received; `None` at first.
    #[must_use]
    pub const fn observed(&self) -> Option<Hlc> {
        self.observed
    }
}

impl RecordStore for MemoryRecords {
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
        for step in steps {
            match step {
                Move::Hide(id) => {
                    self.rows.remove(id);
                }
                Move::Show(id, payload) => {
                    self.rows.insert(id.clone(), payload.clone());
                }
            }
        }
        Ok(Vec::new())
    }
}

impl ReceiverStore for MemoryRecords {
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

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        self.observed = self.observed.max(Some(highest));
        Ok(())
    }
}
