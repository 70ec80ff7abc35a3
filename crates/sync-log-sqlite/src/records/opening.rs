//! Records that are being opened.

use sea_orm::DatabaseConnection;
use sync_log_core::{Birth, Hlc};

use super::changed::Changed;
use super::device;
use super::in_transaction::Whose;
use super::registered::RegisteredModels;
use super::stored_rows::has_rows;
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
    /// How a log begins that is made for these records. `cleared` is the last entry of the log before it.
    pub(super) async fn birth(
        &self,
        txn: &AppTransaction,
        is_first: bool,
        cleared: Hlc,
    ) -> Result<Birth, SyncError> {
        if !cleared.is_zero() {
            return Ok(Birth::After(cleared));
        }
        if is_first && has_rows(txn.connection(), self.models).await? {
            return Ok(Birth::BesideRecords);
        }
        Ok(Birth::Alone)
    }

    /// The row of this device, if the records were opened before.
    pub(super) async fn known(
        &self,
        txn: &AppTransaction,
        has_outbox: bool,
    ) -> Result<Option<device::Device>, SyncError> {
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
