//! A store that decides every job and writes none.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use hlc::Hlc;

use super::contents::Contents;
use super::job::{Needs, StoredEntry, WriteJob};
use super::port::LogStore;
use super::read::{Extent, FoundEntry, Positions, ReadRequest, ReadView, Survey, just_below};
use super::sum_up::SumUp;
use crate::error::{LogError, StoreError, StoreFault};
use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::judge::above_floor;
use crate::model::{LogState, Mark};

/// A store over another store that decides every job and writes nothing. A call on it returns the
/// value or the error that it would return on the other store.
///
/// The store below is only read, so it may even be one that refuses writes. This value keeps what
/// was decided, so a later call sees the log as the earlier ones would have left it.
///
/// ```
/// use sync_log_core::{LogError, SyncLog, Uuid};
///
/// /// How many entries a prune would delete if `lost` were retired first.
/// async fn would_free(log: &SyncLog, lost: Uuid) -> Result<usize, LogError> {
///     let rehearsal = log.dry_run();
///     rehearsal.retire(lost).await?;
///     rehearsal.prune_acked().await
/// }
/// ```
///
/// # Guarantees
/// - A job is refused exactly as the store below would refuse it in the same state.
/// - The store below is never written to.
///
/// # Not promised
/// - Nothing is locked. A dry run does not see what other handles append after its first decision.
///   If another handle prunes or changes what the log declares, every later call fails with
///   [`StoreFault::Locked`]: begin another dry run.
/// - A page does not say when an entry was written, so a dry run uses the time of its stamp. With
///   [`PrunePolicy::KeepFor`](crate::PrunePolicy::KeepFor), a prune may differ by as much as the
///   stamp and the wall clock differed.
#[derive(Debug)]
pub struct DryRun<S> {
    store: S,
    decided: Mutex<Decided>,
}

/// What the decisions so far would have left.
#[derive(Debug, Clone, Default)]
struct Decided {
    /// How many decisions there were.
    count: u64,
    left: Option<Left>,
}

#[derive(Debug, Clone)]
struct Left {
    /// The state of the store below, on which all of them were made.
    below: LogState,
    /// State, peers and verdicts, and those entries that were appended here.
    log: Contents,
}

impl Left {
    /// Whether all that was seen below is still there. Other handles may have appended more,
    /// which the dry run does not see.
    fn still_holds(&self, now: &LogState) -> bool {
        let seen = LogState {
            head: now.head,
            high_water: now.high_water,
            ..self.below
        };
        seen == *now && now.head.hlc >= self.below.head.hlc
    }

    /// Those of the entries below that were there when the dry run began.
    fn known(&self, found: Vec<FoundEntry>) -> impl Iterator<Item = FoundEntry> + use<> {
        let head = self.below.head.hlc;
        found
            .into_iter()
            .filter(move |found| found.entry.hlc <= head)
    }
}

/// A job is collected again if another one was decided, or another handle committed, meanwhile.
const ATTEMPTS: usize = 100;

impl<S: LogStore> DryRun<S> {
    /// A dry run over `store`.
    #[must_use]
    pub fn over(store: S) -> Self {
        Self {
            store,
            decided: Mutex::default(),
        }
    }

    /// Decides `job`, unless another handle commits or another job is decided meanwhile: then
    /// it is not decided.
    async fn try_decide(&self, job: &mut WriteJob) -> Result<Option<()>, LogError> {
        let before = self.decided().clone();
        let mut seen = self.see(before.left).await?;
        let needs = job.needs(&seen.log.state);
        if !self.collect(&needs, &mut seen).await? {
            return Ok(None);
        }
        let mut decided = self.decided();
        if decided.count != before.count {
            return Ok(None);
        }
        seen.log.write(job)?;
        let mut appended = seen.log.entries.split_off(&seen.below.head.hlc);
        appended.remove(&seen.below.head.hlc);
        seen.log.entries = appended;
        seen.log.lost.clear();
        *decided = Decided {
            count: before.count + 1,
            left: Some(seen),
        };
        Ok(Some(()))
    }

    /// The contents that the earlier decisions left, or those of the store below, without their
    /// entries.
    async fn see(&self, left: Option<Left>) -> Result<Left, StoreError> {
        let survey = self.store.survey(|_, _| Vec::new()).await?;
        match left {
            Some(left) if left.still_holds(&survey.state) => Ok(left),
            Some(_) => Err(changed_meanwhile()),
            None => Ok(Left {
                below: survey.state,
                log: contents_of(survey),
            }),
        }
    }

    /// Adds the entries and marks that a job needs to see. `false` if the store below changed
    /// meanwhile.
    async fn collect(&self, needs: &Needs, seen: &mut Left) -> Result<bool, StoreError> {
        let floor = seen.log.state.floor.hlc;
        let is_retained = |hlc: &&Hlc| above_floor(**hlc, floor).is_ok();
        for hlc in needs.entries.iter().filter(is_retained) {
            let view = self.store.read(entry_at(*hlc)).await?;
            if !seen.still_holds(&view.state) {
                return Ok(false);
            }
            let found = seen.known(view.entries);
            add(&mut seen.log, found.filter(|found| found.entry.hlc == *hlc));
        }
        for hlc in needs.marks.iter().filter(is_retained) {
            let view = self.store.read(up_to(*hlc)).await?;
            if !seen.still_holds(&view.state) {
                return Ok(false);
            }
            let is_known = |mark: &Mark| mark.hlc == *hlc && *hlc <= seen.below.head.hlc;
            let mark = view.before.filter(is_known);
            seen.log.lost.extend(mark.map(|mark| (mark.hlc, mark.tag)));
        }
        self.collect_oldest(needs.oldest, seen).await
    }

    async fn collect_oldest(&self, count: usize, seen: &mut Left) -> Result<bool, StoreError> {
        let mut after = seen.log.state.floor.hlc;
        let mut missing = count;
        while missing > 0 {
            let view = self
                .store
                .read(page_after(after, missing.min(MAX_PAGE_ENTRIES)))
                .await?;
            if !seen.still_holds(&view.state) {
                return Ok(false);
            }
            let found: Vec<FoundEntry> = seen.known(view.entries).collect();
            let Some(last) = found.last() else {
                break;
            };
            after = last.entry.hlc;
            missing -= found.len();
            add(&mut seen.log, found.into_iter());
        }
        Ok(true)
    }

    /// Reads below, and shows it as the decisions would have left it.
    async fn read_over(&self, left: Left, request: ReadRequest) -> Result<ReadView, StoreError> {
        let floor = left.log.state.floor.hlc;
        let below = ReadRequest {
            after: request.after.max(floor),
            ..request
        };
        let view = self.store.read(below).await?;
        if !left.still_holds(&view.state) {
            return Err(changed_meanwhile());
        }
        let count = view.entries.len();
        let found: Vec<FoundEntry> = left.known(view.entries).collect();
        // An entry that was not known begins what another handle appended.
        let reached_end = view.reached_end || found.len() < count;
        let mut log = left.log;
        if !reached_end && request.max_entries > 0 {
            // What was appended here follows entries that this page does not reach.
            log.entries.clear();
        }
        add(&mut log, found.into_iter());
        let mut shown = log.read(request);
        let is_retained = |mark: &Mark| above_floor(mark.hlc, floor).is_ok();
        shown.before = shown.before.or(view.before.filter(is_retained));
        shown.reached_end &= reached_end;
        Ok(shown)
    }

    /// Sums up page by page what lies above the positions.
    async fn extents(&self, positions: &[Hlc]) -> Result<Vec<Extent>, StoreError> {
        let mut sum = SumUp::above(positions);
        let mut after = sum.lowest();
        while let Some(begin) = after {
            let view = self.read(page_after(begin, MAX_PAGE_ENTRIES)).await?;
            after = view.entries.last().map(|last| last.entry.hlc);
            for FoundEntry { entry, .. } in view.entries {
                let bytes = entry.content_bytes() as u64;
                sum.take(entry.hlc, bytes, written_at_ms(entry.hlc));
            }
        }
        Ok(sum.extents())
    }

    /// The guarded value is consistent between any two statements, so a poisoned lock can be used.
    fn decided(&self) -> MutexGuard<'_, Decided> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<S: LogStore> LogStore for DryRun<S> {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        for _ in 0..ATTEMPTS {
            if let Some(()) = self.try_decide(&mut job).await? {
                return Ok(());
            }
        }
        Err(changed_meanwhile().into())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let left = self.decided().left.clone();
        match left {
            Some(left) => self.read_over(left, request).await,
            None => self.store.read(request).await,
        }
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        let left = self.decided().left.clone();
        let Some(left) = left else {
            return self.store.survey(positions).await;
        };
        let mut survey = left.log.survey(|_, _| Vec::new());
        let positions = positions(&survey.state, &survey.peers);
        survey.extents = self.extents(&positions).await?;
        Ok(survey)
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        let head = self
            .decided()
            .left
            .as_ref()
            .map(|left| left.log.state.head.hlc);
        match head.filter(|head| *head > position) {
            Some(head) => Ok(head),
            None => self.store.head_above(position).await,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}

fn changed_meanwhile() -> StoreError {
    let doing = "make a dry run on a log that another handle writes to";
    StoreError::new(StoreFault::Locked, doing)
}

fn contents_of(survey: Survey) -> Contents {
    let peers = survey.peers.into_iter();
    let verdicts = survey.verdicts.into_iter();
    Contents {
        state: survey.state,
        peers: peers.map(|row| (row.peer_device_id.clone(), row)).collect(),
        verdicts: verdicts.map(|found| (found.kind, found)).collect(),
        ..Contents::new(survey.state.identity)
    }
}

fn add(log: &mut Contents, found: impl Iterator<Item = FoundEntry>) {
    log.entries.extend(found.map(|FoundEntry { entry, tag }| {
        let created_at_ms = written_at_ms(entry.hlc);
        let stored = StoredEntry {
            entry,
            created_at_ms,
            tag,
        };
        (stored.entry.hlc, stored)
    }));
}

fn written_at_ms(hlc: Hlc) -> i64 {
    i64::try_from(hlc.timestamp).unwrap_or(i64::MAX)
}

fn page_after(after: Hlc, max_entries: usize) -> ReadRequest {
    ReadRequest {
        after,
        max_entries,
        max_bytes: MAX_PAGE_BYTES,
        peer: None,
    }
}

/// The entry with this stamp, if there is one; otherwise the next one.
fn entry_at(hlc: Hlc) -> ReadRequest {
    page_after(just_below(hlc), 1)
}

/// The mark at or below this stamp, without entries.
fn up_to(hlc: Hlc) -> ReadRequest {
    page_after(hlc, 0)
}

#[cfg(test)]
mod tests;
