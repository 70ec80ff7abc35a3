//! Takes snapshots of other devices (`B1`).

use std::collections::BTreeMap;

use sync_log_core::receive::{
    self, OwnStore, Receiving, RecordId, Snapshot, SnapshotPage, Standings, Taking,
};
use sync_log_core::{Cursor, DeviceId, Hlc, LogError};

use super::in_transaction::InTransaction;
use super::inner::Inner;
use super::peers::{Peers, parts_of};
use super::shared::SharedRecords;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;
use crate::driver::durable::sync_to_disk;

/// A snapshot of another device that is being taken. [`SharedRecords::take_snapshot`] begins it.
///
/// Nothing of it is stored but the records that were merged. If the app is killed before
/// [`finish`](Self::finish), begin the snapshot again: what was merged is merged again, which is harmless.
#[derive(Debug)]
#[must_use = "the watermarks move once the snapshot is finished"]
pub struct TakingSnapshot<'a> {
    records: &'a SharedRecords,
    donor: DeviceId,
    taking: Taking,
}

impl SharedRecords {
    /// Begins to take a snapshot of another device, which has given its
    /// [`snapshot`](SharedRecords::snapshot). Then merge all pages, and finish.
    ///
    /// `donor` is the device that the transport authenticated. Records, and changes of records, that are
    /// only here stay. So a device with own changes takes a snapshot as a new one does.
    ///
    /// # Errors
    /// [`SyncError::Snapshot`] says what to do with the snapshot. [`SyncError::Clock`]: a clock is wrong.
    /// [`SyncError::Log`] with [`UnknownOwnStamp`](LogError::UnknownOwnStamp): the donor has changes of this
    /// device that this device lost, so it was restored from a backup. [`SyncError::OriginRetired`]: admit
    /// the device first. [`SyncError::Log`] with [`OwnPeer`](LogError::OwnPeer): fix the call.
    /// [`SyncError::OtherModels`]: open the records again. [`SyncError::Store`]: try again.
    pub async fn take_snapshot(
        &self,
        donor: impl Into<DeviceId>,
        snapshot: Snapshot,
    ) -> Result<TakingSnapshot<'_>, SyncError> {
        let inner = self.inner();
        let donor = donor.into();
        Peers::of(&inner.log).await?.refuse(donor)?;
        let own = inner.log.identity();
        let known = snapshot.watermarks.get(&own.device_id).copied();
        let txn = AppTransaction::write(&inner.db).await?;
        let resumed = resume(inner, &mut inner.in_transaction(txn.connection())).await;
        txn.end_with(resumed).await?;
        let check = |stamps: &[Hlc]| inner.accepted.check(&inner.clock, stamps);
        let receiving = Receiving {
            origin: donor,
            // No group is applied before the snapshot is finished.
            origins: &[],
            check: &check,
        };
        let taking = Taking::begin(own, &receiving, snapshot)?;
        if let Some(known) = known.filter(|known| known.log_id() == own.log_id) {
            // The log stores what it finds.
            inner.log.observe_all(&[known.hlc()]).await?;
        }
        Ok(TakingSnapshot {
            records: self,
            donor,
            taking,
        })
    }
}

impl TakingSnapshot<'_> {
    /// The last record that was merged: ask for the page after it.
    #[must_use]
    pub const fn after(&self) -> Option<&RecordId> {
        self.taking.after()
    }

    /// Whether the last page was merged: finish the snapshot now.
    #[must_use]
    pub const fn has_all(&self) -> bool {
        self.taking.has_all()
    }

    /// Merges a page, in one transaction. Returns what became of its records.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the records as after `Ok` or as after `Err`. Merge the page again.
    ///
    /// # Errors
    /// Nothing was merged. [`SyncError::MayBeForgotten`]: a snapshot of another device may help. As for
    /// [`take_snapshot`](SharedRecords::take_snapshot).
    pub async fn merge(&mut self, page: &SnapshotPage) -> Result<Standings, SyncError> {
        let inner = self.records.inner();
        let peers = Peers::of(&inner.log).await?;
        peers.refuse(self.donor)?;
        let check = |stamps: &[Hlc]| inner.accepted.check(&inner.clock, stamps);
        let receiving = Receiving {
            origin: self.donor,
            origins: &[],
            check: &check,
        };
        let txn = AppTransaction::of_records(&inner.db).await?;
        let mut store = inner.in_transaction(txn.connection());
        let merging = async {
            resume(inner, &mut store).await?;
            let parts = parts_of(page);
            peers
                .refuse_forgotten(&mut store, self.donor, parts)
                .await?;
            let models = &inner.models;
            let merged =
                receive::merge_snapshot(&mut store, models, &receiving, &self.taking, page);
            Ok(merged.await?)
        };
        let outcome: Result<_, SyncError> = merging.await;
        let standings = txn.end_with(outcome).await?;
        if !standings.is_empty() {
            inner.log.status_changed();
        }
        self.taking.go_on(page);
        Ok(standings)
    }

    /// Moves the watermarks to where the donor was, in one transaction. Returns the cursors to acknowledge
    /// to each device, and to read on from: acknowledge that of each device in its log.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the records as after `Ok` or as after `Err`.
    ///
    /// # Errors
    /// No watermark moved. As for [`take_snapshot`](SharedRecords::take_snapshot).
    pub async fn finish(&self) -> Result<BTreeMap<DeviceId, Cursor>, SyncError> {
        let inner = self.records.inner();
        let peers = Peers::of(&inner.log).await?;
        peers.refuse(self.donor)?;
        let txn = AppTransaction::of_records(&inner.db).await?;
        let mut store = inner.in_transaction(txn.connection());
        let finishing = async {
            store.refuse_other().await?;
            let receiving = Receiving {
                origin: self.donor,
                origins: &peers.origins_with(&mut store, self.donor).await?,
                check: &|_| Ok(()),
            };
            let models = &inner.models;
            let finished = receive::finish_snapshot(&mut store, models, &receiving, &self.taking);
            Ok(finished.await?)
        };
        let outcome: Result<_, SyncError> = finishing.await;
        let cursors = txn.end_with(outcome).await?;
        inner.log.status_changed();
        // What is acknowledged leaves the logs of the others, so it has to survive a power cut here.
        sync_to_disk(&inner.db, &inner.settings).await?;
        Ok(cursors)
    }
}

/// Raises the clock to what this device has given out, through whichever handle: own changes come back
/// in a snapshot.
async fn resume(inner: &Inner, store: &mut InTransaction<'_>) -> Result<(), SyncError> {
    let mark = store.mark().await?;
    Ok(inner.clock.resume(mark).map_err(LogError::from)?)
}
