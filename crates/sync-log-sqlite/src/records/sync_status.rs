//! Where the shared records stand.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_log_core::receive::RecordId;
use sync_log_core::{DeviceId, Hlc, Status, StatusWatch};

use super::device;
use super::queue::{OUTBOX, WAITING};
use super::received::Received;
use super::shared::SharedRecords;
use super::sync_error::SyncError;
use super::versions;
use crate::driver::Over;

/// Where the shared records of a device stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SyncStatus {
    /// The log of own changes: what is pending, and which peers lack it.
    pub log: Status,
    /// How many own changes are committed, but not in the log yet.
    pub outbox_entries: u64,
    /// How long ago the oldest own change was made that is in the log or not in the log yet, in ms; 0 if there
    /// is none.
    pub oldest_age_ms: u64,
    /// How many received changes wait, because no change has arrived yet of a record to which their group
    /// must refer.
    pub waiting_entries: u64,
    /// How many live records the app's tables do not show, by the name of the reason.
    pub not_shown: BTreeMap<&'static str, u64>,
    /// The log of each other device: how far it was applied, and what is known of the rest.
    pub received: Vec<Received>,
    /// Own changes up to this stamp were pruned from the log, and the app's database does not know them:
    /// the database was restored from a backup, or the changes were made before the records were shared. A
    /// snapshot of a device that has these changes brings them back, and this is zero again. Zero if there
    /// are none.
    pub unversioned: Hlc,
}

impl SharedRecords {
    /// Where the records stand.
    ///
    /// # Errors
    /// [`SyncError::Log`], [`SyncError::Store`].
    pub async fn status(&self) -> Result<SyncStatus, SyncError> {
        let db = &Over(self.database());
        let device = device::read(db).await?;
        let log = self.log().status().await?;
        let oldest = OUTBOX.oldest(db).await?;
        let in_outbox_ms = oldest.map_or(0, |hlc| self.inner().age_ms(hlc));
        Ok(SyncStatus {
            outbox_entries: OUTBOX.count(db).await?,
            oldest_age_ms: in_outbox_ms.max(log.oldest_age_ms),
            log,
            waiting_entries: WAITING.count(db).await?,
            not_shown: versions::count_not_shown(db).await?,
            received: self.inner().received().await?,
            unversioned: device.map_or(Hlc::ZERO, |device| device.unversioned),
        })
    }

    /// Watches for changes of what a screen shows, from now on: own changes, pages that were applied or
    /// refused, snapshots, acks and peers. Read what the screen shows after the watch is made, and again after
    /// each time that it wakes.
    ///
    /// What is committed through this handle or its clones wakes the watch at once, after
    /// [`record_in`](Self::record_in) as soon as [`drain`](Self::drain) is called. Own changes of another process
    /// wake it within the poll interval. A page that brings nothing new does not wake it. The watch ends when
    /// the log is closed or its last handle is dropped.
    ///
    /// ```no_run
    /// # async fn run(records: sync_log_sqlite::records::SharedRecords)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let mut watch = records.watch().await?;
    /// loop {
    ///     let status = records.status().await?;
    ///     println!("{} changes are pending", status.log.pending_entries);
    ///     watch.changed().await?;
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SyncError::Log`].
    pub async fn watch(&self) -> Result<StatusWatch, SyncError> {
        Ok(self.log().watch_status().await?)
    }

    /// Returns the active peers that have this device's last change of a record: is my change safe? `None` if
    /// no change of this device is in the record, because it made none, or because later changes of other
    /// devices have replaced it.
    ///
    /// ```no_run
    /// # use sync_log_sqlite::{DeviceId, receive::RecordId, records::{SharedRecords, SyncError}};
    /// # async fn run(records: SharedRecords, tag: RecordId, laptop: DeviceId) -> Result<(), SyncError> {
    /// match records.acked_by(&tag).await? {
    ///     None => println!("not changed on this device"),
    ///     Some(peers) if peers.contains(&laptop) => println!("on the laptop"),
    ///     Some(_) => println!("not on the laptop yet"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SyncError::Log`], [`SyncError::Store`].
    pub async fn acked_by(&self, id: &RecordId) -> Result<Option<Vec<DeviceId>>, SyncError> {
        let own = self.log().identity().device_id;
        let record = self.record(id).await?;
        match record.and_then(|record| record.version.last_change_of(own)) {
            Some(hlc) => Ok(Some(self.log().acked_by(hlc).await?)),
            None => Ok(None),
        }
    }
}
