//! Brings the records to the models of the app, once these have changed (`W5`, `X6`).

use sync_log_core::receive::{ReceiverStore, decide_all, redecide};

use super::baseline;
use super::device::Device;
use super::in_transaction::InTransaction;
use super::opening::Opening;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;

/// If the models read payloads in another way than at the opening before, or if there was no opening before,
/// gives a version to each row that has none, and decides all records again. Returns whether there were rows
/// with contents that are in no log.
///
/// The rows come first: the entries of a log are merged with what the rows have, rather than written over it.
///
/// # Errors
/// [`SyncError::NeedsBaseline`], [`SyncError::Store`]: roll back.
pub(super) async fn upgrade(
    txn: &AppTransaction,
    opening: &Opening<'_>,
    device: &mut Device,
) -> Result<bool, SyncError> {
    let models = opening.models.fingerprint();
    if device.models == models {
        return Ok(false);
    }
    let Opening { own, now_ms, .. } = *opening;
    let connection = txn.connection();
    let mut store = InTransaction::new(connection, opening.models, own, &models, None, now_ms);
    let is_new = store.records(None, 1).await?.is_empty();
    let has_given = baseline::give(txn, opening).await?;
    if is_new {
        decide_all(&mut store, opening.models).await?;
    } else {
        redecide(&mut store, opening.models).await?;
    }
    device.models = models;
    Ok(has_given)
}
