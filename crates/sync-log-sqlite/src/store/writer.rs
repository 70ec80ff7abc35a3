//! The one thread that writes: it collects the jobs that wait, and commits them together.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rusqlite::Connection;
use sync_log_core::{Altered, LogError, Mark, StoreError, StoreFault};
use tokio::sync::{mpsc, watch};

use super::anchor::Anchor;
use super::apply::Shared;
use super::checkpoint::{self, Wal};
use super::free_pages;
use super::jobs::{Failed, Message, QUEUE_JOBS, Queued, answer, decide_and_write, next_commit};
use super::thread;
use crate::driver::failure::panicked;
use crate::driver::{Busy, Transaction, in_place};

/// How long the writer has to be idle before it does housekeeping.
const IDLE: Duration = Duration::from_millis(20);

/// How long the writer has to be idle before it empties a large `-wal`: a program that goes on at
/// once would make it again.
const QUIET: Duration = Duration::from_secs(1);

/// How many steps of housekeeping run before the file is closed: a program that is never idle while
/// its log is open would otherwise keep every free page. Further pages wait for the next time.
const CLOSING_STEPS: u32 = 64;

/// How the thread left the file: whole, or why not.
type Left = Result<(), StoreError>;

/// The way to the writing thread.
pub(super) struct Writer {
    pub(super) queue: mpsc::Sender<Message>,
    ended: watch::Receiver<Option<Left>>,
    committed: watch::Receiver<()>,
}

impl Writer {
    /// Changes at every commit that may have moved the head, and ends with the thread.
    pub(super) fn commits(&self) -> watch::Receiver<()> {
        self.committed.clone()
    }

    /// Makes the thread finish the jobs that were sent before, and waits until it has, even if
    /// another caller closed first. Returns whether the file was left whole.
    pub(super) async fn close(&self) -> Left {
        // An error here means that the thread listens no longer.
        let _ = self.queue.send(Message::Close).await;
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        let left = ended.borrow().clone();
        left.unwrap_or_else(|| {
            let doing = "leave one whole file: the thread that writes has panicked";
            Err(StoreError::new(StoreFault::NotWhole, doing))
        })
    }
}

/// What the thread works with.
struct Writing<'a> {
    db: &'a Connection,
    anchor: &'a Anchor,
    busy: Busy,
    commits: watch::Sender<()>,
    wal: Wal,
    /// The head that was committed last, here.
    committed: Option<Mark>,
    /// Whether a caller closed the queue and waits.
    is_closed: bool,
}

pub(super) fn spawn(db: Connection, anchor: Anchor, busy: Busy) -> Result<Writer, StoreError> {
    let (queue, receiver) = mpsc::channel(QUEUE_JOBS);
    let (running, ended) = watch::channel(None);
    let (commits, committed) = watch::channel(());
    thread::spawn("sync-log-writer", move || {
        let writing = Writing {
            db: &db,
            anchor: &anchor,
            busy,
            commits,
            wal: Wal::at(anchor.wal()),
            committed: None,
            is_closed: false,
        };
        let left = writing.run(receiver);
        if let Err((_, error)) = db.close() {
            tracing::warn!(%error, "failed to close the writing connection");
        }
        running.send_replace(Some(left));
    })?;
    Ok(Writer {
        queue,
        ended,
        committed,
    })
}

impl Writing<'_> {
    /// The thread is the writer's own, so SQLite may block it.
    fn run(mut self, mut receiver: mpsc::Receiver<Message>) -> Left {
        let mut waiting = Vec::with_capacity(QUEUE_JOBS);
        // The file may have been closed before all of its free pages were given back.
        let mut may_have_free_pages = true;
        let mut may_have_large_wal = true;
        loop {
            let limit = if may_have_free_pages {
                Some(IDLE)
            } else {
                may_have_large_wal.then_some(QUIET)
            };
            match thread::wait(receiver.recv_many(&mut waiting, QUEUE_JOBS), limit) {
                Some(0) => break,
                Some(_) => {
                    self.serve_all(&mut receiver, &mut waiting);
                    may_have_free_pages = true;
                    may_have_large_wal = true;
                }
                None if may_have_free_pages => {
                    may_have_free_pages = self.keep_house();
                }
                None => {
                    unless_it_panics(|| self.wal.shrink(self.db, self.busy));
                    may_have_large_wal = false;
                }
            }
        }
        for _ in 0..CLOSING_STEPS {
            if !self.keep_house() {
                break;
            }
        }
        // Nobody waits if all handles were dropped. Then SQLite empties the `-wal` if it is the last
        // one.
        if !self.is_closed {
            self.lost(Busy::NOT);
            return Ok(());
        }
        self.anchor.refuse_moved()?;
        let lost = self.lost(self.busy);
        checkpoint::make_whole(self.db, self.busy)?;
        match lost {
            Some(lost) => {
                let doing = "find what this handle committed last";
                Err(StoreError::new(StoreFault::Corrupt, doing).with_source(lost))
            }
            None => Ok(()),
        }
    }

    /// Returns what is missing of what was committed here, and puts that on record. A state that
    /// cannot be read is found by the next opening.
    fn lost(&mut self, busy: Busy) -> Option<Altered> {
        let committed = self.committed.take()?;
        let looked = Transaction::write(self.db, busy).and_then(|txn| {
            let (_, lost) = in_place(async {
                let shared = Shared::begin(self.db, self.anchor, Some(committed)).await?;
                shared.finish().await
            })?;
            txn.commit().map(|()| lost)
        });
        looked.unwrap_or_else(|error| {
            unless_it_panics(
                || tracing::debug!(%error, "failed to look for the commits of this handle"),
            );
            None
        })
    }

    fn keep_house(&self) -> bool {
        unless_it_panics(|| free_pages::give_back(self.db, self.busy)).unwrap_or(false)
    }

    fn serve_all(&mut self, receiver: &mut mpsc::Receiver<Message>, waiting: &mut Vec<Message>) {
        let mut jobs = VecDeque::with_capacity(waiting.len());
        for message in waiting.drain(..) {
            match message {
                Message::Write(queued) => jobs.push_back(queued),
                // What was sent before is still received; later sends fail.
                Message::Close => {
                    receiver.close();
                    self.is_closed = true;
                }
            }
        }
        while !jobs.is_empty() {
            let next = next_commit(&mut jobs);
            let bytes = next.iter().map(|queued| queued.job.content_bytes()).sum();
            self.serve(next);
            self.commits.send_replace(());
            unless_it_panics(|| self.wal.bound(self.db, self.busy, bytes));
        }
    }

    /// Commits `jobs` together, or, if one of them makes that fail, one by one, so
    /// that an error reaches only the callers that it concerns.
    fn serve(&mut self, mut jobs: Vec<Queued>) {
        match self.commit(&mut jobs) {
            Err(Failed::BeforeCommit(error)) if jobs.len() > 1 => {
                // A subscriber that panics here must not take the jobs along.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    tracing::debug!(%error, jobs = jobs.len(), "a shared commit failed; trying one by one");
                }));
                for job in jobs {
                    let mut alone = vec![job];
                    let outcome = self.commit(&mut alone);
                    answer(alone, outcome);
                }
            }
            outcome => answer(jobs, outcome),
        }
    }

    /// Code of the app runs in here: its wall clock, in the decisions, and its subscriber. If that
    /// panics, nothing is committed: no code of the app runs after the commit (`A7`).
    fn commit(&mut self, jobs: &mut [Queued]) -> Result<Vec<Result<(), LogError>>, Failed> {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.try_commit(jobs)));
        attempt.unwrap_or_else(|_| Err(Failed::BeforeCommit(panicked("write"))))
    }

    fn try_commit(&mut self, jobs: &mut [Queued]) -> Result<Vec<Result<(), LogError>>, Failed> {
        let txn = Transaction::write(self.db, self.busy).map_err(Failed::Final)?;
        self.anchor.refuse_moved().map_err(Failed::Final)?;
        let decided = in_place(decide_and_write(self.db, self.anchor, self.committed, jobs));
        let (outcomes, head) = decided.map_err(Failed::BeforeCommit)?;
        txn.commit().map_err(Failed::Final)?;
        self.committed = Some(head);
        // A file that was moved or deleted meanwhile has the commit.
        match self.anchor.refuse_moved() {
            Ok(()) => Ok(outcomes),
            Err(moved) => Ok(outcomes
                .into_iter()
                .map(|it| uncertain(it, &moved))
                .collect()),
        }
    }
}

/// The outcome of a job whose commit went to a file that is not where it was. What was refused was not
/// written there either.
fn uncertain(outcome: Result<(), LogError>, moved: &StoreError) -> Result<(), LogError> {
    outcome?;
    let doing = "find the log again after a commit";
    let uncertain = StoreError::new(StoreFault::Uncertain, doing);
    Err(uncertain.with_source(moved.clone()).into())
}

/// Does housekeeping. A subscriber that panics there must not take the thread along (`A7`).
fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests;
