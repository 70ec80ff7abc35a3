//! Takes a snapshot of another device, in transactions of the app's database (`B1`).

use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;

use super::apply::{Receiving, apply_groups};
use super::facts::Models;
use super::heard::Heard;
use super::merge::{Standings, look_up, merge, merge_with, with_members};
use super::port::SnapshotStore;
use super::record::RecordId;
use super::seen::{Seen, Wanted};
use super::snapshot::SnapshotPage;
use super::snapshot_error::SnapshotError;
use super::taking::Taking;
use super::version::Version;
use crate::error::StoreError;
use crate::model::{ChangeType, Cursor, DeviceId, SharedChangeEntry};

/// Merges a page of another device's records, and shows what follows, in the transaction of `store`. Call
/// [`Taking::go_on`] after the commit.
///
/// No watermark moves, so the logs are read as before until [`finish_snapshot`]. A record that is only
/// here stays.
///
/// A part of a record that this device has received and forgotten stays forgotten: the deletion of the
/// record would not come again.
///
/// # Errors
/// Nothing may be committed. [`SnapshotError::MissingPage`]: it is not the next page.
/// [`SnapshotError::PageTooLarge`], [`SnapshotError::BadRecord`]: the other device's program is faulty.
/// [`SnapshotError::Clock`]: a clock is wrong, or this device was restored. [`SnapshotError::Store`]: try
/// again.
pub async fn merge_snapshot<M: Models>(
    store: &mut impl SnapshotStore,
    models: &M,
    receiving: &Receiving<'_>,
    taking: &Taking,
    page: &SnapshotPage,
) -> Result<Standings, SnapshotError> {
    let stamps = taking.judge(page)?;
    (receiving.check)(&stamps)?;
    let heard = Heard::of(store, taking).await?;
    let mut seen = Seen::default();
    let wanted = Wanted {
        records: page.records.iter().map(|(id, _)| id.clone()).collect(),
        ..Wanted::default()
    };
    look_up(store, &mut seen, &wanted).await?;
    let arrived = page.records.iter().filter_map(|(id, version)| {
        let is_known = seen.record(id).flatten().is_some();
        let is_news = is_known || heard.may_lack(version.source.hlc);
        is_news.then(|| (id.clone(), with_members(models, id, heard.news_of(version))))
    });
    let arrived: Vec<(RecordId, Version)> = arrived.collect();
    let standings = merge_with(store, models, arrived, seen).await?;
    if let Some(highest) = stamps.into_iter().max() {
        store.observe(highest).await?;
    }
    Ok(standings)
}

/// Moves the watermarks to where the donor of a snapshot was, in the transaction of `store`, once the last
/// page was merged. What waits at the donor waits here, unless its records have come. Returns the
/// cursors to acknowledge to each device after the commit.
///
/// Of two cursors of one log the higher one is taken. Where the logs differ, the own cursor stays, but the log
/// of the donor itself is read on from its head.
///
/// # Errors
/// Nothing may be committed. [`SnapshotError::MissingPage`]: merge the last page first.
/// [`SnapshotError::Store`]: try again.
pub async fn finish_snapshot<M: Models>(
    store: &mut impl SnapshotStore,
    models: &M,
    receiving: &Receiving<'_>,
    taking: &Taking,
) -> Result<BTreeMap<DeviceId, Cursor>, SnapshotError> {
    taking.refuse_unfinished()?;
    let heard = Heard::of(store, taking).await?;
    let waiting = &taking.snapshot.waiting;
    release_applied(store, models, waiting, &heard).await?;
    let is_here = |hlc: Hlc| heard.waiting.contains_key(&hlc) || heard.has_received(hlc);
    let new = waiting.iter().filter(|entry| !is_here(entry.hlc));
    let new = new.cloned().collect();
    let cursors = move_watermarks(store, taking).await?;
    apply_groups(store, models, receiving.origins, new).await?;
    store.raise_forgotten(taking.snapshot.forgotten).await?;
    if let Some(highest) = taking.stamps().into_iter().max() {
        store.observe(highest).await?;
    }
    if has_own_changes(taking, store.unversioned().await?) {
        store.set_versioned().await?;
    }
    Ok(cursors)
}

/// Removes what waits here and was applied at the donor. The pages have brought it, except for deletions that
/// the donor has forgotten since. So deletions are merged here: merging one that the pages had changes nothing.
/// `waiting` waits at the donor.
async fn release_applied<M: Models>(
    store: &mut impl SnapshotStore,
    models: &M,
    waiting: &[SharedChangeEntry],
    heard: &Heard,
) -> Result<(), StoreError> {
    let stamps: BTreeSet<_> = waiting.iter().map(|entry| entry.hlc).collect();
    let is_applied =
        |it: &&SharedChangeEntry| heard.has_donor_received(it.hlc) && !stamps.contains(&it.hlc);
    let applied: Vec<_> = heard.waiting.values().filter(is_applied).cloned().collect();
    if applied.is_empty() {
        return Ok(());
    }
    let deletions = applied.iter();
    let deletions = deletions.filter(|entry| entry.change_type == ChangeType::Delete);
    let deletions: Vec<_> = deletions.cloned().collect();
    merge(store, models, &deletions).await?;
    store.take_back(&applied).await
}

async fn move_watermarks(
    store: &mut impl SnapshotStore,
    taking: &Taking,
) -> Result<BTreeMap<DeviceId, Cursor>, StoreError> {
    let mut cursors = BTreeMap::new();
    for (origin, theirs) in taking.cursors() {
        let own = store.watermark(origin).await?;
        let is_donors = origin == taking.snapshot.donor;
        let to = if is_donors && theirs.log_id() != own.log_id() {
            theirs
        } else {
            higher(own, theirs)
        };
        if to != own {
            store.move_watermark(origin, to).await?;
        }
        cursors.insert(origin, to);
    }
    Ok(cursors)
}

fn higher(own: Cursor, theirs: Cursor) -> Cursor {
    let is_same_log = own.log_id() == theirs.log_id();
    if own.is_zero() || is_same_log && theirs.hlc() > own.hlc() {
        theirs
    } else {
        own
    }
}

/// Whether the donor has applied the own changes up to `unversioned`, of this device's log.
fn has_own_changes(taking: &Taking, unversioned: Hlc) -> bool {
    let theirs = taking.snapshot.watermarks.get(&taking.own());
    theirs
        .is_some_and(|theirs| theirs.log_id() == taking.own_log_id() && theirs.hlc() >= unversioned)
        && !unversioned.is_zero()
}
