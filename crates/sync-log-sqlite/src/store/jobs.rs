//! The jobs that wait for a writer, and how several of them share a commit.

use std::collections::VecDeque;

use sync_log_core::{LogError, LogState, MAX_SHARED_COMMIT_BYTES, Mark, StoreError, WriteJob};
use tokio::sync::oneshot;

use super::anchor::Anchor;
use super::apply::Shared;
use crate::driver::Port;

/// How many jobs may wait, and how many may share one commit. A further caller waits for room: no
/// job is dropped, and the queue does not grow without bound.
pub(super) const QUEUE_JOBS: usize = 256;

/// A job of a writer, inside a transaction.
pub(super) enum Job {
    /// A job of core.
    Decide(WriteJob),
    /// A job of this crate: changes where the log begins and is settled.
    Settle(Box<dyn Fn(&mut LogState) + Send>),
}

impl Job {
    pub(super) fn content_bytes(&self) -> usize {
        match self {
            Self::Decide(job) => job.content_bytes(),
            Self::Settle(_) => 0,
        }
    }
}

pub(super) struct Queued {
    pub(super) job: Job,
    pub(super) answer: oneshot::Sender<Result<(), LogError>>,
}

/// Ends when the queue is closed, or when the last sender is dropped.
pub(super) enum Message {
    Write(Queued),
    Close,
}

/// Takes the jobs that share the next commit: as many as their content allows, and at least one.
pub(super) fn next_commit(jobs: &mut VecDeque<Queued>) -> Vec<Queued> {
    let mut bytes = 0usize;
    let fits = |queued: &&Queued| {
        bytes = bytes.saturating_add(queued.job.content_bytes());
        bytes <= MAX_SHARED_COMMIT_BYTES
    };
    let count = jobs.iter().take_while(fits).count().max(1);
    jobs.drain(..count).collect()
}

/// Answers the callers of `jobs`.
pub(super) fn answer(jobs: Vec<Queued>, committed: Result<Vec<Result<(), LogError>>, Failed>) {
    match committed {
        Ok(outcomes) => {
            for (queued, outcome) in jobs.into_iter().zip(outcomes) {
                // A caller who no longer waits has dropped its future.
                let _ = queued.answer.send(outcome);
            }
        }
        Err(Failed::BeforeCommit(error) | Failed::Final(error)) => {
            for queued in jobs {
                let _ = queued.answer.send(Err(error.clone().into()));
            }
        }
    }
}

/// Runs `jobs` in the transaction that `db` is in. Returns the outcome of each, and the head after
/// them.
pub(super) async fn decide_and_write(
    db: &impl Port,
    anchor: &Anchor,
    committed: Option<Mark>,
    jobs: &mut [Queued],
) -> Result<(Vec<Result<(), LogError>>, Mark), StoreError> {
    let mut shared = Shared::begin(db, anchor, committed).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for queued in jobs {
        outcomes.push(match &mut queued.job {
            Job::Decide(job) => shared.run(job).await?,
            Job::Settle(settle) => {
                shared.settle(&*settle);
                Ok(())
            }
        });
    }
    let (head, _) = shared.finish().await?;
    Ok((outcomes, head))
}

/// Why a shared commit failed.
pub(super) enum Failed {
    /// Nothing was committed, and another attempt may succeed.
    BeforeCommit(StoreError),
    /// The lock was not acquired, or the commit itself failed: not to be repeated.
    Final(StoreError),
}
