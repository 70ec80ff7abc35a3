//! The harness of a broken store of records: the one in memory, with a fault.

use std::cell::Cell;
use std::collections::BTreeMap;

use broken_stores::RecordFault;
use sync_log_conformance::core::{Hlc, SharedChangeEntry, Uuid};
use sync_log_conformance::{End, RecordsHarness};
use sync_log_memory::MemoryRecords;

use super::broken::BrokenRecords;
use crate::database::{MemoryDatabase, Tags};

thread_local! {
    /// The fault of every database that this thread makes. A case makes its database on the thread that
    /// runs it.
    pub(super) static FAULT: Cell<Option<RecordFault>> = const { Cell::new(None) };
}

/// A database with a fault.
pub(super) struct BrokenDatabase {
    database: MemoryDatabase,
    fault: Option<RecordFault>,
}

impl BrokenDatabase {
    fn has(&self, fault: RecordFault) -> bool {
        self.fault == Some(fault)
    }

    /// What a rollback leaves in the place of `before`.
    fn rolled_back(
        &self,
        before: MemoryRecords<Tags>,
        worked: MemoryRecords<Tags>,
    ) -> MemoryRecords<Tags> {
        let mut left = before;
        match self.fault {
            Some(RecordFault::MarkOutlivesRollback) => left.given_out = worked.given_out,
            Some(RecordFault::RowsOutliveRollback) => left.tables = worked.tables,
            Some(RecordFault::TiesOutliveRollback) => left.ties = worked.ties,
            Some(RecordFault::WatermarkOutlivesRollback) => left.watermarks = worked.watermarks,
            _ => {}
        }
        left
    }
}

impl RecordsHarness for BrokenDatabase {
    type Store<'t> = BrokenRecords;

    async fn create() -> Self {
        Self {
            database: MemoryDatabase::create().await,
            fault: FAULT.get(),
        }
    }

    async fn reopen(self) -> Self {
        if self.has(RecordFault::WaitingInMemory) {
            self.database
                .tamper(|committed| committed.records.waiting.clear())
                .await;
        }
        self
    }

    async fn transaction<T>(
        &self,
        end: End,
        work: impl AsyncFnOnce(&mut Self::Store<'_>) -> T,
    ) -> T {
        let mut committed = self.database.take().await;
        if self.has(RecordFault::TransactionsOverlap) {
            self.database.put_back(committed.clone());
        }
        let mut store = BrokenRecords::new(committed.records.clone(), self.fault);
        let answer = work(&mut store).await;
        committed.records = match end {
            End::Commit => store.into_records(),
            End::RollBack => self.rolled_back(committed.records, store.into_records()),
        };
        self.database.put_back(committed);
        answer
    }

    async fn rows(&self) -> BTreeMap<Uuid, String> {
        self.database.rows().await
    }

    async fn drain(&self) -> Vec<SharedChangeEntry> {
        self.database.drain().await
    }

    async fn set_unversioned(&self, up_to: Hlc) {
        self.database.set_unversioned(up_to).await;
    }
}
