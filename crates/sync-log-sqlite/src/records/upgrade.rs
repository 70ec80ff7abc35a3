//! Decides all records again once the app's models have changed (`X6`).

use sync_log_core::receive::redecide;

use super::device::Device;
use super::in_transaction::InTransaction;
use super::opening::Opening;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;
use crate::store::Anchor;

/// Decides all records again if the models read payloads in another way than at the opening before.
pub(super) async fn upgrade(
    txn: &AppTransaction,
    opening: &Opening<'_>,
    device: &mut Device,
    is_first: bool,
    log: Option<&Anchor>,
) -> Result<(), SyncError> {
    let models = opening.models.fingerprint();
    if !is_first && device.models != models {
        let connection = txn.connection();
        let now_ms = opening.now_ms;
        let mut store = InTransaction::new(connection, opening.models, opening.own, log, now_ms);
        redecide(&mut store, opening.models).await?;
    }
    device.models = models;
    Ok(())
}
