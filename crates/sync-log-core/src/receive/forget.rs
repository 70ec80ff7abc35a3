//! Forgets deleted records once no change of them can arrive (`X4`).

use std::collections::BTreeSet;

use hlc::Hlc;

use super::past::past;
use super::port::ReceiverStore;
use super::record::RecordId;
use super::seen::Wanted;
use super::standing::Record;
use crate::error::StoreError;
use crate::limits::MAX_PAGE_ENTRIES;
use crate::model::DeviceId;

/// Forgets deleted records, the oldest first and at most [`MAX_PAGE_ENTRIES`] in one call. Returns how
/// many were forgotten. Call this function again until it returns 0. Do not call it while another device
/// reads a snapshot: the snapshot would then lack the deletions.
///
/// A deletion is kept as long as a change with a lower stamp can still arrive, because that change would
/// otherwise bring the record back. Once the log of an origin was applied beyond the deletion, no such change
/// of that origin can arrive, because a log is in the order of its stamps. `origins` are all devices whose
/// changes can still arrive. If there are none, nothing is forgotten. A group that waits has arrived and
/// is still to be applied, so a deletion above the first change of that group is kept. A deleted record is
/// kept, too, if it has members that were updated after its deletion.
///
/// Nothing is forgotten while the app cannot read a record. Such a record may follow a deleted record, and
/// only a later version of the app can decide that.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn forget_deleted(
    store: &mut impl ReceiverStore,
    origins: &[DeviceId],
) -> Result<usize, StoreError> {
    if store.has_unreadable().await? {
        return Ok(0);
    }
    let mut past = past(store, origins).await?;
    if let Some(first) = store.waiting().await?.first() {
        past = past.min(first.hlc);
    }
    // A record that follows another record has the lower stamp, so it is not forgotten after that
    // record.
    let deleted = store.deleted(past, MAX_PAGE_ENTRIES).await?;
    let deleted = without_members(store, deleted).await?;
    if !deleted.is_empty() {
        store.forget(&deleted).await?;
    }
    Ok(deleted.len())
}

/// The deleted records of which no member is left. Members that were updated above the deletion are shown
/// again once the record is inserted, and that insertion may still arrive. A record that was inserted above
/// its own deletion counts as deleted because it follows another record. It is forgotten before that record.
async fn without_members(
    store: &mut impl ReceiverStore,
    deleted: Vec<(RecordId, Hlc)>,
) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
    let wanted = Wanted {
        records: deleted.iter().map(|(id, _)| id.clone()).collect(),
        ..Wanted::default()
    };
    let found = store.look_up(&wanted).await?;
    let has_members = |record: &Record| {
        let version = &record.version;
        let has_any = version.fields.iter().any(|it| !it.is_empty());
        has_any && version.inserted <= version.deleted
    };
    let with_members = found
        .records
        .iter()
        .filter(|(_, record)| has_members(record));
    let with_members: BTreeSet<_> = with_members.map(|(id, _)| id).collect();
    let deleted = deleted.into_iter();
    Ok(deleted
        .filter(|(id, _)| !with_members.contains(id))
        .collect())
}
