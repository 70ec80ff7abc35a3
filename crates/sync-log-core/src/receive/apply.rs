//! Applies a page of another device, in one transaction of the app's database.

use std::collections::BTreeSet;

use hlc::{Hlc, ObserveError};

use super::arrival::arrival;
use super::error::ReceiveError;
use super::facts::Models;
use super::groups::{Group, groups, take_ready};
use super::merge::{Standings, look_up, merge_with, versions_of};
use super::past::past;
use super::port::ReceiverStore;
use super::record::RecordId;
use super::seen::{Seen, Wanted};
use crate::error::StoreError;
use crate::model::{Cursor, DeviceId, Page, SharedChangeEntry};

/// A page that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the origin keeps its entries until the watermark is acknowledged"]
pub struct Applied {
    /// The watermark of the origin. Acknowledge it after the commit, even if nothing was new.
    pub watermark: Cursor,
    /// What became of the records that the page concerns.
    pub standings: Standings,
    /// How many entries of the page wait, because no change has arrived yet of a record to which their
    /// group must refer.
    pub waiting_entries: usize,
}

/// Why a page was not applied. Roll back.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The page cannot be applied.
    #[error(transparent)]
    Page(#[from] ReceiveError),
    /// A stamp is too far ahead of this device's clock (`X5`).
    #[error(transparent)]
    Clock(#[from] ObserveError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a receiver knows of other devices when a page arrives.
pub struct Receiving<'a> {
    /// The device that the page comes from, as the transport authenticated it.
    pub origin: DeviceId,
    /// All devices whose changes may still arrive, including `origin`. A group that must refer to an
    /// unknown record waits until the watermark of each of these devices is past the group.
    pub origins: &'a [DeviceId],
    /// Checks stamps against the clock (`X5`), without moving it.
    pub check: &'a (dyn Fn(&[Hlc]) -> Result<(), ObserveError> + Sync),
}

/// Applies a page: merges the entries that are new, shows what follows, and moves the watermark and
/// the mark of the own clock, in the transaction of `store` (`X2`).
///
/// Each entry takes effect once, even if it arrives twice or the process is killed: the versions that the
/// entry moves and the watermark are committed together. A group takes effect as a whole. If one of its
/// records must refer to a record of which no change has arrived, the group waits in the receiver's tables.
///
/// # Errors
/// Nothing may be committed. [`ApplyError::Page`] says what to do with the page.
/// [`ApplyError::Clock`]: the clock of the origin, or of this device, is wrong. [`ApplyError::Store`]:
/// try again.
pub async fn apply<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
    receiving: &Receiving<'_>,
    page: &Page,
) -> Result<Applied, ApplyError> {
    let origin = receiving.origin;
    let watermark = store.watermark(origin).await?;
    let arrived = arrival(origin, watermark, page)?;
    let stamps: Vec<_> = arrived.entries.iter().map(|entry| entry.hlc).collect();
    (receiving.check)(&stamps)?;
    if arrived.watermark != watermark {
        store.move_watermark(origin, arrived.watermark).await?;
    }
    let new = arrived.entries.to_vec();
    let (standings, waiting_entries) = apply_groups(store, models, receiving.origins, new).await?;
    if let Some(highest) = stamps.last() {
        store.observe(*highest).await?;
    }
    Ok(Applied {
        watermark: arrived.watermark,
        standings,
        waiting_entries,
    })
}

/// Merges the groups that can be applied, of those that wait and of whole new ones, and makes the others
/// wait. The watermarks have moved before. Returns what became of the records, and how many of the new
/// entries wait.
pub(super) async fn apply_groups<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
    origins: &[DeviceId],
    new: Vec<SharedChangeEntry>,
) -> Result<(Standings, usize), StoreError> {
    let waited = store.waiting().await?;
    if waited.is_empty() && new.is_empty() {
        return Ok((Standings::new(), 0));
    }
    let mut waiting = groups(waited.iter().cloned().chain(new), models);
    let mut seen = Seen::default();
    let mut heard = heard(store, &mut seen, &waiting).await?;
    let mut ready = take_ready(&mut waiting, &mut heard, Hlc::ZERO);
    if !waiting.is_empty() {
        let past = past(store, origins).await?;
        ready.extend(take_ready(&mut waiting, &mut heard, past));
    }
    let waiting = entries_of(waiting);
    let aside = without(&waiting, &waited);
    let back = without(&waited, &waiting);
    if !aside.is_empty() {
        store.set_aside(&aside).await?;
    }
    if !back.is_empty() {
        store.take_back(&back).await?;
    }
    let ready = versions_of(models, &entries_of(ready));
    let standings = merge_with(store, models, ready, seen).await?;
    Ok((standings, aside.len()))
}

fn entries_of(groups: Vec<Group>) -> Vec<SharedChangeEntry> {
    let entries = groups.into_iter().flat_map(|group| group.entries);
    entries.collect()
}

/// The entries that are not among `others`.
fn without(entries: &[SharedChangeEntry], others: &[SharedChangeEntry]) -> Vec<SharedChangeEntry> {
    let others: BTreeSet<_> = others.iter().map(|entry| entry.hlc).collect();
    let entries = entries.iter();
    let left = entries.filter(|entry| !others.contains(&entry.hlc));
    left.cloned().collect()
}

/// The records that the groups need and of which a change was applied.
async fn heard(
    store: &mut impl ReceiverStore,
    seen: &mut Seen,
    groups: &[Group],
) -> Result<BTreeSet<RecordId>, StoreError> {
    let needed = groups.iter().flat_map(|group| group.needs.iter().cloned());
    let needed: BTreeSet<_> = needed.collect();
    let wanted = Wanted {
        records: needed.clone(),
        ties: BTreeSet::new(),
    };
    look_up(store, seen, &wanted).await?;
    let is_heard = |id: &RecordId| seen.record(id).flatten().is_some();
    Ok(needed.into_iter().filter(is_heard).collect())
}
