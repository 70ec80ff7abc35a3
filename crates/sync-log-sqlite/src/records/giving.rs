//! Gives snapshots to other devices (`B1`).

use sync_log_core::receive::{self, RecordId, Snapshot, SnapshotPage};

use super::peers::Peers;
use super::shared::SharedRecords;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;
use crate::driver::durable::sync_to_disk;

impl SharedRecords {
    /// Begins a snapshot of these records, for a device that cannot catch up by reading: it is new, it is
    /// below the floor, or this log has another id than the one that it has read. First register the
    /// device in the log, which keeps what the snapshot does not have. Then give the device the result,
    /// and the pages that it asks for.
    ///
    /// ```no_run
    /// # use sync_log_sqlite::Ack;
    /// # use sync_log_sqlite::records::{SharedRecords, SyncError};
    /// # use sync_log_sqlite::DeviceId;
    /// # async fn run(phone: SharedRecords, laptop: SharedRecords, phone_id: DeviceId, laptop_id: DeviceId)
    /// # -> Result<(), SyncError> {
    /// phone.log().register_peer(laptop_id).await?;
    ///
    /// let mut taking = laptop.take_snapshot(phone_id, phone.snapshot().await?).await?;
    /// while !taking.has_all() {
    ///     let page = phone.snapshot_page(taking.after()).await?;
    ///     taking.merge(&page).await?;
    /// }
    /// let cursors = taking.finish().await?;
    /// phone.log().acknowledge(Ack::new(laptop_id, cursors[&phone_id])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SyncError::Snapshot`] with
    /// [`Incomplete`](sync_log_core::receive::SnapshotError::Incomplete): own changes are missing from the
    /// records, so take a snapshot of another device first. [`SyncError::Log`], [`SyncError::Store`].
    pub async fn snapshot(&self) -> Result<Snapshot, SyncError> {
        let inner = self.inner();
        // It is read first: the records have every change up to it, and maybe more.
        let head = inner.log.head_cursor().await?;
        let peers = Peers::of(&inner.log).await?;
        let txn = AppTransaction::read(&inner.db).await?;
        let mut store = inner.in_transaction(txn.connection());
        let outcome = receive::snapshot(&mut store, inner.own.device_id, head).await;
        let mut snapshot = txn.end_with(outcome.map_err(SyncError::from)).await?;
        // The receiver would wait for changes of these devices, which it does not know to be retired.
        snapshot
            .watermarks
            .retain(|origin, _| !peers.retired.contains(origin));
        // What leaves this device has to survive a power cut here.
        sync_to_disk(&inner.db, &inner.settings).await?;
        Ok(snapshot)
    }

    /// The next page of a snapshot: the records after this one, or from the first one on. Deleted records
    /// are among them. Do not call [`forget_deleted`](Self::forget_deleted) before the other device has
    /// the last page.
    ///
    /// # Errors
    /// [`SyncError::Store`].
    pub async fn snapshot_page(&self, after: Option<&RecordId>) -> Result<SnapshotPage, SyncError> {
        let inner = self.inner();
        let txn = AppTransaction::read(&inner.db).await?;
        let mut store = inner.in_transaction(txn.connection());
        let outcome = receive::snapshot_page(&mut store, after).await;
        let page = txn.end_with(outcome.map_err(SyncError::from)).await?;
        sync_to_disk(&inner.db, &inner.settings).await?;
        Ok(page)
    }
}
