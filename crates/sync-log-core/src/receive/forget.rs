//! Forgets deleted records once no change of them can arrive (`X4`).

use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;

use super::facts::{Facts, Models, Tie};
use super::merge::look_up;
use super::node::{Unfit, read};
use super::past::past;
use super::port::ReceiverStore;
use super::record::RecordId;
use super::seen::{Seen, Wanted};
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
/// is still to be applied, so a deletion above the first change of that group is kept.
///
/// A deleted record is kept, too, if a later change can bring back what is stored of it: it has members
/// that were updated after its deletion, or it counts as deleted because it follows another record and a
/// part of a change can move it away from there. The deletion of a record is kept while a stored record
/// follows that record.
///
/// Nothing is forgotten while the app cannot read a record. Such a record may follow a deleted record, and
/// only a later version of the app can decide that.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn forget_deleted<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
    origins: &[DeviceId],
) -> Result<usize, StoreError> {
    if store.has_unreadable().await? {
        return Ok(0);
    }
    let mut past = past(store, origins).await?;
    if let Some(first) = store.waiting().await?.first() {
        past = past.min(first.hlc);
    }
    let mut after = None;
    loop {
        let deleted = store.deleted(after.as_ref(), past, MAX_PAGE_ENTRIES);
        let mut deleted = deleted.await?;
        let Some(last) = deleted.last().cloned() else {
            return Ok(0);
        };
        let unneeded = unneeded(store, models, &deleted).await?;
        deleted.retain(|(id, _)| unneeded.contains(id));
        if !deleted.is_empty() {
            store.forget(&deleted).await?;
            return Ok(deleted.len());
        }
        // All of these are kept, however many calls come.
        after = Some(last);
    }
}

/// The deleted records that cannot come back, and that no other stored record follows.
async fn unneeded<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
    deleted: &[(RecordId, Hlc)],
) -> Result<BTreeSet<RecordId>, StoreError> {
    let mut seen = Seen::default();
    let deleted: BTreeSet<_> = deleted.iter().map(|(id, _)| id.clone()).collect();
    look_up(store, &mut seen, &records(deleted.clone())).await?;
    let facts = |from: &Seen, id: &RecordId| {
        let stored = from.record(id).flatten();
        stored.map_or_else(Facts::default, |it| read(models, id, &it.version).0)
    };
    let followed = deleted.iter().flat_map(|id| {
        let followed: Vec<_> = facts(&seen, id).followed().cloned().collect();
        followed
    });
    let followed = seen.unknown(followed);
    look_up(store, &mut seen, &records(followed)).await?;

    let stays = |id: &&RecordId| !can_come_back(&seen, models, id);
    let mut unneeded: BTreeSet<_> = deleted.iter().filter(stays).cloned().collect();
    let followers = followers(store, &mut seen, &unneeded, facts).await?;
    loop {
        let is_followed = |id: &&RecordId| {
            let mut followers = followers.get(*id).into_iter().flatten();
            followers.any(|follower| !unneeded.contains(follower))
        };
        let needed: Vec<_> = unneeded.iter().filter(is_followed).cloned().collect();
        if needed.is_empty() {
            return Ok(unneeded);
        }
        unneeded.retain(|id| !needed.contains(id));
    }
}

/// Whether a change that may still arrive can show what is stored of a deleted record.
///
/// Members that were updated above the deletion show once the record is inserted, and so do the members of
/// a record that counts as deleted because it follows another one, once one member moves it away from
/// there. A whole record shows again only with its own next change, which has all of it. But if it follows
/// the deleted record through another one, that one may be moved. And if records can follow it, it passes
/// the next deletion of that record on to them.
fn can_come_back<M: Models>(seen: &Seen, models: &M, id: &RecordId) -> bool {
    let Some(record) = seen.record(id).flatten() else {
        return false;
    };
    let version = &record.version;
    if version.fields.iter().any(|fields| !fields.is_empty()) {
        return true;
    }
    let (facts, _, unfit) = read(models, id, version);
    let is_deleted_itself = unfit == Some(Unfit::Deleted);
    let mut followed = facts.followed();
    let is_below_deletion = followed.any(|to| {
        let above = seen.record(to).flatten();
        above.is_some_and(|above| above.version.deleted > version.source.hlc)
    });
    let stays_below = is_below_deletion && !models.is_followed(&id.model_type);
    !(is_deleted_itself || stays_below)
}

/// The stored records that follow each of these records.
async fn followers(
    store: &mut impl ReceiverStore,
    seen: &mut Seen,
    records_followed: &BTreeSet<RecordId>,
    facts: impl Fn(&Seen, &RecordId) -> Facts,
) -> Result<BTreeMap<RecordId, BTreeSet<RecordId>>, StoreError> {
    let ties = records_followed.iter().cloned().map(Tie::Reference);
    let wanted = Wanted {
        ties: ties.collect(),
        ..Wanted::default()
    };
    look_up(store, seen, &wanted).await?;
    let referring = wanted.ties.iter().filter_map(|tie| seen.tied(tie));
    let referring: BTreeSet<_> = referring.flatten().cloned().collect();
    let unknown = seen.unknown(referring.iter().cloned());
    look_up(store, seen, &records(unknown)).await?;
    let mut followers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for id in referring {
        for followed in facts(seen, &id).followed() {
            let of_one = followers.entry(followed.clone()).or_default();
            of_one.insert(id.clone());
        }
    }
    Ok(followers)
}

fn records(records: BTreeSet<RecordId>) -> Wanted {
    Wanted {
        records,
        ties: BTreeSet::new(),
    }
}
