//! Pruning: entries that every peer has acknowledged are deleted.

use std::sync::Arc;

use super::sync_log::{Shared, SyncLog};
use crate::decide::prune::{Chunk, Earliest};
use crate::decide::{explain, prune, status};
use crate::error::LogError;
use crate::limits::{PRUNE_CHUNK_ENTRIES, SMALLEST_PRUNE_CHUNK_ENTRIES};
use crate::model::{Explanation, Status};
use crate::store::{Needs, PeersNeeded, View, Writes};

impl SyncLog {
    /// Deletes the entries that every active peer has acknowledged and that the policy does not
    /// keep. Returns how many were deleted.
    ///
    /// A prune works in chunks. A chunk is larger after a quick chunk, and smaller after a slow one, so
    /// that appends never wait for long. Each chunk is planned inside the transaction that deletes
    /// it (`P4`), and the floor moves in that transaction (`P3`). So appends, acks and registrations may
    /// happen at the same time, in this process or another, and the prune may be cancelled or killed
    /// between any two chunks.
    ///
    /// # Errors
    /// [`LogError::Altered`]: the entries to delete are not as they were written; open the log
    /// again. [`LogError::Store`]. Chunks before the failed one stay deleted.
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.prune_acked",
        skip_all,
        err(level = "info")
    )]
    pub async fn prune_acked(&self) -> Result<usize, LogError> {
        let mut pruned = 0;
        let mut chunk = SMALLEST_PRUNE_CHUNK_ENTRIES;
        loop {
            let began_ms = self.shared.clock.now_ms();
            let deleted = self.prune_at_most(chunk).await?;
            pruned += deleted;
            if deleted < chunk {
                break;
            }
            let took_ms = self.shared.clock.now_ms().saturating_sub(began_ms);
            chunk = next_chunk(chunk, took_ms);
        }
        if pruned > 0 {
            tracing::info!(entries = pruned, "pruned");
        }
        Ok(pruned)
    }

    /// Explains why the log is not shrinking: what keeps entries, how many, and what to do about it
    /// (`P7`).
    ///
    /// ```
    /// use sync_log_core::{LogError, SyncLog};
    ///
    /// async fn show(log: &SyncLog) -> Result<(), LogError> {
    ///     for reason in log.explain().await?.reasons {
    ///         let (cause, entries) = (reason.cause, reason.lag_entries);
    ///         println!("{cause:?} keeps {entries} entries; do: {:?}", reason.remedy);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.explain",
        skip_all,
        err(level = "info")
    )]
    pub async fn explain(&self) -> Result<Explanation, LogError> {
        let survey = self.survey(explain::positions).await?;
        let now_ms = self.shared.clock.now_ms();
        Ok(explain::explain(
            &survey,
            self.shared.options.policy,
            self.shared.options.drift.refuse,
            now_ms,
        ))
    }

    /// Returns where the log stands: head, floor, how much is pending, and how many peers count.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.status",
        skip_all,
        err(level = "info")
    )]
    pub async fn status(&self) -> Result<Status, LogError> {
        let survey = self.survey(status::positions).await?;
        Ok(status::status(&survey, self.shared.clock.now_ms()))
    }

    /// Deletes at most `chunk` entries. If an entry that is dated after now stops the prune, this function
    /// looks for the earliest time in the log: that entry is at least as old.
    async fn prune_at_most(&self, chunk: usize) -> Result<usize, LogError> {
        let mut deleted = 0;
        let mut earliest = None;
        loop {
            let found = self.prune_chunk(chunk - deleted, earliest).await?;
            deleted += found.plan.entries;
            let is_known = earliest.is_some() && found.plan.entries == 0;
            if deleted == chunk || !found.is_dated_after_now || is_known {
                return Ok(deleted);
            }
            earliest = Some(self.earliest().await?);
        }
    }

    async fn earliest(&self) -> Result<Earliest, LogError> {
        let survey = self.survey(status::positions).await?;
        let pending = survey.extents.first().copied().unwrap_or_default();
        Ok(Earliest {
            floor: survey.state.floor.hlc,
            ms: pending.earliest_created_at_ms,
        })
    }

    /// Deletes at most `chunk` entries.
    async fn prune_chunk(
        &self,
        chunk: usize,
        earliest: Option<Earliest>,
    ) -> Result<Chunk, LogError> {
        let shared = Arc::clone(&self.shared);
        let oldest = shared.options.policy.window(chunk);
        let needs = move |_: &_| Needs {
            peers: PeersNeeded::All,
            oldest,
            ..Needs::default()
        };
        let decide = move |view: &View<'_>| {
            let planned = shared.plan(view, earliest);
            let writes = Writes {
                prune_through: planned.plan.through,
                ..Writes::default()
            };
            Ok((writes, planned))
        };
        self.commit(needs, decide).await
    }
}

/// A chunk that takes longer is followed by a smaller one.
const LONG_MS: i64 = 5;

/// A chunk that takes less is followed by a larger one.
const SHORT_MS: i64 = 2;

/// How many entries to delete next. The duration is measured by the wall clock: if the wall clock jumps,
/// the size of one chunk is wrong, and nothing else.
fn next_chunk(chunk: usize, took_ms: i64) -> usize {
    match took_ms {
        ..SHORT_MS => (chunk * 2).min(PRUNE_CHUNK_ENTRIES),
        SHORT_MS..=LONG_MS => chunk,
        _ => (chunk / 2).max(SMALLEST_PRUNE_CHUNK_ENTRIES),
    }
}

impl Shared {
    fn plan(&self, view: &View<'_>, earliest: Option<Earliest>) -> Chunk {
        let now_ms = self.clock.now_ms();
        prune::chunk(
            self.options.policy,
            view.state,
            &view.peers,
            &view.oldest,
            earliest,
            now_ms,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_shrink_while_they_take_long_and_grow_back_within_their_bounds() {
        let sizes = |start: usize, took_ms: i64| {
            let next = move |chunk: &usize| Some(next_chunk(*chunk, took_ms));
            let sizes: Vec<_> = std::iter::successors(Some(start), next).take(5).collect();
            sizes
        };
        assert_eq!(sizes(1000, LONG_MS + 1), [1000, 500, 250, 125, 125]);
        assert_eq!(sizes(125, SHORT_MS - 1), [125, 250, 500, 1000, 1000]);
        assert_eq!(sizes(500, LONG_MS), [500; 5]);
        assert_eq!(sizes(500, SHORT_MS), [500; 5]);
        // The wall clock was set back, or far ahead.
        assert_eq!(next_chunk(1000, i64::MIN), 1000);
        assert_eq!(next_chunk(125, i64::MAX), 125);
    }
}
