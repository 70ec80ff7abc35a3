//! Records that are being opened.

use sea_orm::DatabaseConnection;
use sync_log_core::{Birth, CEILING_MS, Hlc};

use super::changed::Changed;
use super::device::{self, Device};
use super::in_transaction::Whose;
use super::registered::RegisteredModels;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;
use crate::driver::durable::Settings;

/// Records that are being opened.
pub(super) struct Opening<'a> {
    pub(super) db: &'a DatabaseConnection,
    /// The settings of the database.
    pub(super) settings: &'a Settings,
    pub(super) models: &'a RegisteredModels,
    pub(super) own: Whose,
    pub(super) baseline: Option<&'a Changed>,
    pub(super) now_ms: i64,
}

/// The device whose records are opened, and whether they were opened before.
pub(super) struct Found {
    /// The row of the device, which is a new one at the first opening.
    pub(super) device: Device,
    pub(super) is_first: bool,
}

impl Found {
    /// How a log begins if it is made for these records. `lacks_rows` says whether there are rows whose
    /// contents are in no log.
    ///
    /// Entries may be in the outbox of records that were opened before. They are above what has left the
    /// outbox, and below the present time. So the log of such records begins with a floor at that stamp or
    /// with none, and with rows that are in no log it is renewed after it is made.
    pub(super) fn birth(&self, lacks_rows: bool) -> Birth {
        if self.is_first && lacks_rows {
            Birth::BesideRecords
        } else if self.device.cleared.is_zero() {
            Birth::Alone
        } else {
            Birth::After(self.device.cleared)
        }
    }

    /// Writes the row of the device.
    pub(super) async fn write(&self, txn: &AppTransaction) -> Result<(), SyncError> {
        let written = if self.is_first {
            device::make(&txn.port(), &self.device).await
        } else {
            device::write(&txn.port(), &self.device).await
        };
        Ok(written?)
    }
}

impl Opening<'_> {
    /// A stamp above those that this opening gives to rows. This device has given them out, so that they are
    /// no sign of a restored device when they come back.
    pub(super) fn above_baseline(&self) -> Hlc {
        let now_ms = u64::try_from(self.now_ms).ok();
        let now_ms = now_ms.filter(|ms| *ms + 1 < CEILING_MS);
        Hlc::new(
            now_ms.unwrap_or_default() + 1,
            0,
            self.own.device_id.as_uuid(),
        )
    }

    /// The device, if the records are its own and their log is where this opening looks for it.
    pub(super) async fn look(
        &self,
        txn: &AppTransaction,
        has_outbox: bool,
    ) -> Result<Found, SyncError> {
        let known = self.known(txn, has_outbox).await?;
        let own = self.own;
        let new = || Device::new(own.library_id, own.device_id, has_outbox);
        Ok(Found {
            is_first: known.is_none(),
            device: known.unwrap_or_else(new),
        })
    }

    /// The row of this device, if the records were opened before.
    async fn known(
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
