//! The task that writes: it collects the jobs that wait, and commits them together.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use sync_log_core::{Altered, LogError, Mark, StoreError, StoreFault};
use tokio::sync::{mpsc, watch};

use super::database::{Database, Progress};
use crate::driver::durable::{Settings, sync_to_disk};
use crate::driver::failure::panicked;
use crate::driver::{AppTransaction, Port};
use crate::store::apply::Shared;
use crate::store::jobs::{
    Failed, Message, QUEUE_JOBS, Queued, answer, decide_and_write, next_commit,
};

/// What each of several jobs in one transaction came to, and the head after them.
type Decided = (Vec<Result<(), LogError>>, Mark);

/// A transaction in which jobs were decided, and the settings of its connection.
type Uncommitted = (AppTransaction, Settings, Decided);

/// How the task left the log.
pub(super) type Left = Result<(), StoreError>;

/// What the task works with.
pub(super) struct Writing {
    database: Arc<Database>,
    /// The head that was committed last, here.
    committed: Option<Mark>,
    /// Whether a caller closed the queue and waits.
    is_closed: bool,
}

impl Writing {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self {
            database,
            committed: None,
            is_closed: false,
        }
    }

    /// Serves all jobs until the queue is closed, or its last sender is dropped.
    pub(super) async fn run(
        mut self,
        mut receiver: mpsc::Receiver<Message>,
        ended: watch::Sender<Option<Left>>,
    ) {
        let mut waiting = Vec::with_capacity(QUEUE_JOBS);
        while receiver.recv_many(&mut waiting, QUEUE_JOBS).await > 0 {
            let mut jobs = self.taken(&mut receiver, &mut waiting);
            while !jobs.is_empty() {
                self.serve(next_commit(&mut jobs)).await;
            }
        }
        let left = self.leave().await;
        self.database.progress.send_replace(Progress::Closed);
        ended.send_replace(Some(left));
    }

    fn taken(
        &mut self,
        receiver: &mut mpsc::Receiver<Message>,
        waiting: &mut Vec<Message>,
    ) -> VecDeque<Queued> {
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
        jobs
    }

    /// Commits `jobs` together, or, if one of them makes that fail, one by one, so that an error
    /// reaches only the callers that it concerns.
    async fn serve(&mut self, mut jobs: Vec<Queued>) {
        match self.commit(&mut jobs).await {
            Err(Failed::BeforeCommit(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let mut alone = vec![job];
                    let outcome = self.commit(&mut alone).await;
                    answer(alone, outcome);
                }
            }
            outcome => answer(jobs, outcome),
        }
    }

    /// Code of the app runs in here: its wall clock, in the decisions, and its subscriber. If that
    /// panics before the commit, the transaction is dropped, and rolled back (`A7`).
    async fn commit(&mut self, jobs: &mut [Queued]) -> Result<Vec<Result<(), LogError>>, Failed> {
        let decided = unless_it_panics(self.decided(jobs), Failed::BeforeCommit).await?;
        unless_it_panics(self.committed(decided), Failed::Final).await
    }

    /// Commits what was decided.
    async fn committed(
        &mut self,
        (txn, settings, (outcomes, head)): Uncommitted,
    ) -> Result<Vec<Result<(), LogError>>, Failed> {
        txn.commit().await.map_err(Failed::Final)?;
        self.committed = Some(head);
        if outcomes.iter().all(Result::is_err) {
            return Ok(outcomes);
        }
        let synced = sync_to_disk(&self.database.db, &settings).await;
        self.database.progress.send_replace(Progress::Open);
        synced.map_err(|error| Failed::Final(not_synced(error)))?;
        self.database.note_synced(head);
        Ok(outcomes)
    }

    /// Writes what the jobs decide, in a transaction that is not committed yet.
    async fn decided(&self, jobs: &mut [Queued]) -> Result<Uncommitted, Failed> {
        let txn = AppTransaction::write(&self.database.db).await;
        let txn = txn.map_err(Failed::Final)?;
        let db = txn.port();
        let written = decide_and_write(&db, &self.database.anchor, self.committed, jobs).await;
        // Read on the connection that commits.
        let settings = Settings::of(&db).await;
        match written.and_then(|written| Ok((settings?, written))) {
            Ok((settings, written)) => Ok((txn, settings, written)),
            Err(error) => {
                txn.roll_back().await;
                Err(Failed::BeforeCommit(error))
            }
        }
    }

    /// Compares what was committed last with the database, and stores what is missing. No caller waits
    /// for the outcome if all handles were dropped.
    async fn leave(&mut self) -> Left {
        let lost = unless_it_panics(self.lost(), |error| error).await;
        match lost {
            Ok(Some(lost)) if self.is_closed => {
                let doing = "find what this handle committed last";
                Err(StoreError::new(StoreFault::Corrupt, doing).with_source(lost))
            }
            // A state that cannot be read is found by the next opening.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Returns what is missing of what was committed here, and puts that on record.
    async fn lost(&mut self) -> Result<Option<Altered>, StoreError> {
        let Some(committed) = self.committed.take() else {
            return Ok(None);
        };
        let txn = AppTransaction::write(&self.database.db).await?;
        let lost = find_lost(&txn.port(), &self.database, committed).await;
        if let Ok(Some(_)) = lost {
            txn.commit().await?;
        } else {
            txn.roll_back().await;
        }
        lost
    }
}

async fn find_lost(
    db: &impl Port,
    database: &Database,
    committed: Mark,
) -> Result<Option<Altered>, StoreError> {
    let shared = Shared::begin(db, &database.anchor, Some(committed)).await?;
    shared.finish().await.map(|(_, lost)| lost)
}

/// The entries are committed, so nothing may invite the caller to write them once more.
fn not_synced(error: StoreError) -> StoreError {
    StoreError::new(StoreFault::Io, "sync what was committed").with_source(error)
}

/// Runs work in which code of the app may panic, which is an error then.
async fn unless_it_panics<T, E>(
    work: impl Future<Output = Result<T, E>>,
    error: impl Fn(StoreError) -> E,
) -> Result<T, E> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(error(panicked("write")))))
    })
    .await
}
