//! Records that are being opened.

use sea_orm::DatabaseConnection;
use sync_log_core::Birth;

use super::changed::Changed;
use super::device::{self, Device};
use super::in_transaction::Whose;
use super::registered::RegisteredModels;
use super::stored_rows::first_row;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;

/// Records that are being opened.
pub(super) struct Opening<'a> {
    pub(super) db: &'a DatabaseConnection,
    pub(super) models: &'a RegisteredModels,
    pub(super) own: Whose,
    pub(super) baseline: Option<&'a Changed>,
    pub(super) now_ms: i64,
}

impl Opening<'_> {
    /// How a log begins if it is made for these records. `known` is the row of the device, if the records
    /// were opened before.
    ///
    /// # Errors
    /// There are rows, there is no log that may have them, and no `baseline` says when they were changed.
    pub(super) async fn birth(
        &self,
        txn: &AppTransaction,
        known: Option<&Device>,
        has_log: bool,
    ) -> Result<Birth, SyncError> {
        if let Some(known) = known {
            let has_ended = !known.cleared.is_zero();
            return Ok(if has_ended {
                Birth::After(known.cleared)
            } else {
                Birth::Alone
            });
        }
        match first_row(txn.connection(), self.models).await? {
            None => Ok(Birth::Alone),
            Some(record) if !has_log && self.baseline.is_none() => {
                Err(SyncError::NeedsBaseline { record })
            }
            Some(_) => Ok(Birth::BesideRecords),
        }
    }

    /// The row of this device, if the records were opened before.
    pub(super) async fn known(
        &self,
        txn: &AppTransaction,
        has_outbox: bool,
    ) -> Result<Option<Device>, SyncError> {
        let Some(known) = device::read(&txn.port()).await? else {
            return Ok(None);
        };
        let (library, device) = (known.library_id, known.device_id);
        let reason = if (library, device) != (self.own.library_id, self.own.device_id) {
            format!("they are those of library {library} and device {device}")
        } else if known.has_outbox == has_outbox {
            return Ok(Some(known));
        } else if has_outbox {
            "their log is in the same database".to_owned()
        } else {
            "their log is in a file of its own".to_owned()
        };
        Err(SyncError::OtherRecords { reason })
    }
}
