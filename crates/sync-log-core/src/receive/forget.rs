//! Deleted records are forgotten once no change of them can come any more (`X4`).

use super::past::past;
use super::port::ReceiverStore;
use crate::error::StoreError;
use crate::limits::MAX_PAGE_ENTRIES;
use crate::model::DeviceId;

/// Forgets deleted records that every one of `origins` is past, at most a page of them, the oldest
/// first. Returns how many. Call it again while it returns more than none, and not while a snapshot
/// is read: its reader would not learn of the deletions.
///
/// A deletion is kept as long as a lower change of the record may come, which would bring the
/// record back otherwise. An origin is past a deletion if its log was applied beyond it, because its
/// later changes are stamped above what it has applied itself. `origins` are all devices whose changes
/// may still come; without any, nothing is forgotten.
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
