//! One transaction of an app's database.

use sync_log_core::receive::{
    Found, Move, OwnStore, ReceiverStore, Record, RecordId, RecordStore, RecordWrite,
    SnapshotStore, Standing, Wanted,
};
use sync_log_core::{ChangeType, Cursor, DeviceId, Hlc, SharedChangeEntry, StoreError, StoreFault};
use sync_log_memory::MemoryRecords;

use super::fault::AppFault;
use super::rows::Rows;
use super::tampering::Tampering;

/// The tables as they are inside a transaction. To commit is to keep [`records`](Self::records), to
/// roll back is to drop them.
pub(crate) struct Transaction {
    pub(crate) records: MemoryRecords<Rows>,
    /// After how many calls the database is busy; `None` if it never is.
    calls_left: Option<u8>,
    tampering: Tampering,
}

impl Transaction {
    /// Begins one in which the call of number `busy_at` finds the database busy.
    pub(crate) fn begin(
        records: MemoryRecords<Rows>,
        busy_at: Option<u8>,
        tampering: Tampering,
    ) -> Self {
        Self {
            records,
            calls_left: busy_at,
            tampering,
        }
    }

    fn has(&self, fault: AppFault) -> bool {
        self.tampering.has(fault)
    }

    fn call(&mut self) -> Result<(), StoreError> {
        self.calls_left = match self.calls_left {
            Some(0) => return Err(StoreError::new(StoreFault::Locked, "use the app's tables")),
            Some(left) => Some(left - 1),
            None => None,
        };
        Ok(())
    }
}

impl RecordStore for Transaction {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.call()?;
        let found = self.records.look_up(wanted).await?;
        Ok(self.tampering.found(wanted, found))
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        self.call()?;
        let is_dead_update = |write: &RecordWrite| {
            write.record.standing == Standing::Deleted
                && write.record.version.change_type == ChangeType::Update
        };
        let drops = self.has(AppFault::DeadUpdateDropped);
        let kept = records.iter().filter(|it| !(drops && is_dead_update(it)));
        let kept: Vec<_> = kept.cloned().collect();
        self.records.write(&kept).await
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        let called = self.call();
        if called.is_err() && self.has(AppFault::BusyIsRefusal) {
            self.calls_left = None;
            let shown = steps.iter().filter_map(|step| match step {
                Move::Show(id, _) => Some((id.clone(), "busy".to_owned())),
                Move::Hide(_) => None,
            });
            return Ok(shown.collect());
        }
        called?;
        let steps = self.tampering.steps(&self.records.tables, steps);
        self.records.change(&steps).await
    }
}

impl OwnStore for Transaction {
    async fn mark(&mut self) -> Result<Hlc, StoreError> {
        self.call()?;
        self.tampering.begins_own_write();
        self.records.mark().await
    }

    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.call()?;
        self.records.put_out(entries).await
    }
}

impl ReceiverStore for Transaction {
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        _: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError> {
        self.call()?;
        // Small pages, so that what is tied is on several of them.
        self.records.records(after, 3).await
    }

    async fn has_unreadable(&mut self) -> Result<bool, StoreError> {
        self.call()?;
        self.records.has_unreadable().await
    }

    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError> {
        self.call()?;
        self.records.watermark(origin).await
    }

    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError> {
        self.call()?;
        self.records.move_watermark(origin, to).await
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        self.call()?;
        self.tampering.reads_waiting();
        self.records.waiting().await
    }

    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.call()?;
        if self.has(AppFault::WaitingDropped) {
            return Ok(());
        }
        self.records.set_aside(entries).await
    }

    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.call()?;
        self.records.take_back(entries).await
    }

    async fn deleted(
        &mut self,
        after: Option<&(RecordId, Hlc)>,
        up_to: Hlc,
        limit: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
        self.call()?;
        self.records.deleted(after, up_to, limit).await
    }

    async fn forget(&mut self, deleted: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
        self.call()?;
        self.records.forget(deleted).await
    }

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        self.call()?;
        if self.has(AppFault::MarkNotRaised) {
            return Ok(());
        }
        self.records.observe(highest).await
    }
}

impl SnapshotStore for Transaction {
    async fn watermarks(&mut self) -> Result<Vec<(DeviceId, Cursor)>, StoreError> {
        self.call()?;
        self.records.watermarks().await
    }

    async fn forgotten(&mut self) -> Result<Hlc, StoreError> {
        self.call()?;
        if self.has(AppFault::ForgottenComesBack) {
            return Ok(Hlc::ZERO);
        }
        self.records.forgotten().await
    }

    async fn raise_forgotten(&mut self, to: Hlc) -> Result<(), StoreError> {
        self.call()?;
        self.records.raise_forgotten(to).await
    }

    async fn unversioned(&mut self) -> Result<Hlc, StoreError> {
        self.call()?;
        self.records.unversioned().await
    }

    async fn set_versioned(&mut self) -> Result<(), StoreError> {
        self.call()?;
        self.records.set_versioned().await
    }
}
