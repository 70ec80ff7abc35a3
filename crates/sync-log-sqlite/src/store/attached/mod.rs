//! The store of a log whose tables are in the app's own database.
//!
//! Statements run on the connections of the app's SeaORM, which need a runtime, and are canceled with
//! the future that waits for them. So the work of each call is a task of that runtime: a caller's
//! future holds neither a connection nor a lock, and dropping it stops nothing half-way.

mod database;
mod writing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::DatabaseConnection;
use sync_log_core::{
    Hlc, LogError, LogState, LogStore, Positions, ReadRequest, ReadView, StoreError, Survey,
    WriteJob,
};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use self::database::Database;
use self::writing::{Left, Writing};
use super::anchor::Anchor;
use super::apply::Shared;
use super::jobs::{Job, Message, QUEUE_JOBS, Queued};
use super::ticks::{DEFAULT_POLL_INTERVAL, Ticks};
use crate::driver::durable::Settings;
use crate::driver::failure::closed;
use crate::driver::{Port, on};

/// A sync log in the app's own database: the store of a [`SyncDb`](crate::SyncDb) that was
/// [attached](crate::SyncDb::attach).
///
/// It keeps every promise of [`LogStore`] if the database is a file. In memory it keeps every promise
/// except durability (`A3`). With a pool of one connection, a survey and a page wait for each other.
///
/// To [close](LogStore::close) it finishes what was accepted, and leaves the file as it is: the file is
/// the app's, which closes it.
pub struct AttachedStore {
    runtime: Handle,
    database: Arc<Database>,
    queue: mpsc::Sender<Message>,
    ended: watch::Receiver<Option<Left>>,
    ticks: Ticks,
}

#[async_trait]
impl LogStore for AttachedStore {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        self.queue(Job::Decide(job)).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.run("read", |database| database.view(request)).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        self.run("survey", |database| database.survey(positions))
            .await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        let mut progress = self.database.progress.subscribe();
        let mut waiting = None;
        loop {
            // What is committed from here on shows as a change.
            progress.borrow_and_update();
            let head = self.head().await?;
            if head > position {
                return Ok(head);
            }
            let changed = async { progress.changed().await.unwrap_or_default() };
            self.ticks.wait_in(&mut waiting)?.tick_or(changed).await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        let queue = self.queue.clone();
        let mut ended = self.ended.clone();
        // The task closes the log, even if the caller drops this future meanwhile (`A7`).
        let closing = self.runtime.spawn(async move {
            // An error here means that the queue is closed already.
            let _ = queue.send(Message::Close).await;
            let left = ended.wait_for(Option::is_some).await;
            left.map_or(Ok(()), |left| left.clone().unwrap_or(Ok(())))
        });
        // A runtime that has ended has ended the task that writes, too.
        closing.await.unwrap_or(Ok(()))
    }
}

impl AttachedStore {
    /// A store on a database whose tables are there. Its tasks run on `runtime`.
    pub(crate) fn new(
        runtime: Handle,
        db: DatabaseConnection,
        settings: Settings,
        anchor: Anchor,
    ) -> Self {
        let database = Arc::new(Database::new(db, settings, anchor));
        let (queue, receiver) = mpsc::channel(QUEUE_JOBS);
        let (running, ended) = watch::channel(None);
        runtime.spawn(Writing::new(Arc::clone(&database)).run(receiver, running));
        Self {
            runtime,
            database,
            queue,
            ended,
            ticks: Ticks::every(DEFAULT_POLL_INTERVAL),
        }
    }

    /// Returns the same store with another [`poll_interval`](crate::SyncDbOptions::poll_interval).
    #[must_use]
    pub fn poll_interval(self, poll_interval: Duration) -> Self {
        let ticks = Ticks::every(poll_interval);
        Self { ticks, ..self }
    }

    /// Changes where the log begins and is settled, for an import of stamps that an earlier log may have
    /// issued.
    pub(crate) async fn settle(
        &self,
        settle: impl Fn(&mut LogState) + Send + 'static,
    ) -> Result<(), LogError> {
        self.queue(Job::Settle(Box::new(settle))).await
    }

    /// The log to which it was attached.
    pub(crate) fn anchor(&self) -> &Anchor {
        &self.database.anchor
    }

    /// Wakes the watches, once a transaction of the app's that ran [`run_in`] is committed.
    pub(crate) fn committed_elsewhere(&self) {
        self.database.progress.send_modify(|_| ());
    }

    async fn head(&self) -> Result<Hlc, StoreError> {
        let state_only = ReadRequest {
            after: Hlc::ZERO,
            max_entries: 0,
            max_bytes: 0,
            peer: None,
        };
        Ok(self.read(state_only).await?.state.head.hlc)
    }

    async fn queue(&self, job: Job) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        let queued = Message::Write(Queued { job, answer });
        self.queue.send(queued).await.map_err(|_| closed("write"))?;
        // The task answers every job that it received, unless its runtime ended: then the outcome is
        // unknown, and the log has to be attached again.
        answered.await.map_err(|_| closed("write"))?
    }

    /// Runs work as a task, which logs to the subscriber and in the span of the caller.
    async fn run<T, Work>(
        &self,
        doing: &'static str,
        work: impl FnOnce(Arc<Database>) -> Work,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        if self.database.is_closed() {
            return Err(closed(doing));
        }
        on(&self.runtime, doing, work(Arc::clone(&self.database))).await
    }
}

impl fmt::Debug for AttachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachedStore").finish_non_exhaustive()
    }
}

/// Runs one job inside a transaction of the app's, which has the write lock. Nothing is committed: a
/// refusal leaves no trace in the transaction, and after an error of the storage it has to be rolled
/// back. Once it is committed, [`AttachedStore::committed_elsewhere`] wakes the watches.
pub(crate) async fn run_in(db: &impl Port, anchor: &Anchor, job: WriteJob) -> Result<(), LogError> {
    run_shared(Shared::begin(db, anchor, None).await?, job).await
}

/// The same, with the state that [`locked_state`](super::select::locked_state) returned in this transaction.
pub(crate) async fn run_at(db: &impl Port, state: LogState, job: WriteJob) -> Result<(), LogError> {
    run_shared(Shared::at(db, state), job).await
}

async fn run_shared<P: Port>(mut shared: Shared<'_, P>, mut job: WriteJob) -> Result<(), LogError> {
    let outcome = shared.run(&mut job).await?;
    shared.finish().await?;
    outcome
}

#[cfg(test)]
mod tests;
