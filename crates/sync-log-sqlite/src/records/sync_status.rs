//! Where the shared records stand.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_log_core::{Hlc, Status};

use super::device;
use super::queue::{OUTBOX, WAITING};
use super::shared::SharedRecords;
use super::sync_error::SyncError;
use super::versions;
use super::watermarks::{self, Watermark};
use crate::driver::Over;

/// Where the shared records of a device stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SyncStatus {
    /// The log of own changes: what is pending, and which peers lack it.
    pub log: Status,
    /// How many own changes are committed, but not in the log yet.
    pub outbox_entries: u64,
    /// How many received changes wait, because no change has arrived yet of a record to which their group
    /// must refer.
    pub waiting_entries: u64,
    /// How many live records the app's tables do not show, by the name of the reason.
    pub not_shown: BTreeMap<&'static str, u64>,
    /// How far the log of each other device was applied.
    pub received: Vec<Watermark>,
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
        Ok(SyncStatus {
            log: self.log().status().await?,
            outbox_entries: OUTBOX.count(db).await?,
            waiting_entries: WAITING.count(db).await?,
            not_shown: versions::count_not_shown(db).await?,
            received: watermarks::all_of_them(db).await?,
            unversioned: device.map_or(Hlc::ZERO, |device| device.unversioned),
        })
    }
}
