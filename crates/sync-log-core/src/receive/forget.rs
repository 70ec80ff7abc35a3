//! Forgets deleted records once no change of them can arrive (`X4`).

use super::past::past;
use super::port::ReceiverStore;
use crate::error::StoreError;
use crate::limits::MAX_PAGE_ENTRIES;
use crate::model::DeviceId;

/// Forgets deleted records, the oldest first and at most [`MAX_PAGE_ENTRIES`] in one call. Returns how
/// many. Call it again until it returns 0. Do not call it while another device reads a snapshot, which
/// would then lack the deletions.
///
/// A deletion is kept as long as a change with a lower stamp can still arrive, which would otherwise
/// bring the record back. Once the log of an origin was applied beyond the deletion, no such change of
/// that origin can arrive, because a log is in the order of its stamps. `origins` are all devices whose
/// changes can still arrive. If there are none, nothing is forgotten.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn forget_deleted(
    store: &mut impl ReceiverStore,
    origins: &[DeviceId],
) -> Result<usize, StoreError> {
    let past = past(store, origins).await?;
    // A record that follows another one has the lower stamp, so it is not forgotten after it.
    let deleted = store.deleted(past, MAX_PAGE_ENTRIES).await?;
    if !deleted.is_empty() {
        store.forget(&deleted).await?;
    }
    Ok(deleted.len())
}
