//! The one task that writes: it collects what waits, and commits it at once.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sync_log_core::{LogError, StoreError, WriteJob};
use tokio::sync::{mpsc, oneshot, watch};

use super::apply::Shared;
use crate::connect;
use crate::failure::failed;

/// Jobs that may wait, and that share one commit at most. A caller beyond that
/// waits for a place: nothing is dropped, nothing grows without bound.
const QUEUE_JOBS: usize = 256;

/// Free pages that are given back to the file system after a prune.
const VACUUM_PAGES: u32 = 256;

pub(super) struct Queued {
    pub(super) job: WriteJob,
    pub(super) answer: oneshot::Sender<Result<(), LogError>>,
}

/// Ends when the queue is closed, or when the last sender is gone.
pub(super) enum Message {
    Write(Queued),
    Close,
}

/// The way to the writing task.
pub(super) struct Writer {
    pub(super) queue: mpsc::Sender<Message>,
    ended: watch::Receiver<()>,
}

impl Writer {
    /// Has the task finish what was sent before, and waits until it has,
    /// whoever asked it first.
    pub(super) async fn close(&self) {
        // An error here means that the task listens no longer.
        let _ = self.queue.send(Message::Close).await;
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

pub(super) fn spawn(db: DatabaseConnection, busy: Duration) -> Writer {
    let (queue, receiver) = mpsc::channel(QUEUE_JOBS);
    let (running, ended) = watch::channel(());
    let connection = Connection {
        db,
        busy,
        verified: true,
    };
    tokio::spawn(async move {
        run(connection, receiver).await;
        drop(running);
    });
    Writer { queue, ended }
}

async fn run(mut connection: Connection, mut receiver: mpsc::Receiver<Message>) {
    let mut waiting = Vec::with_capacity(QUEUE_JOBS);
    while receiver.recv_many(&mut waiting, QUEUE_JOBS).await > 0 {
        let mut jobs = Vec::with_capacity(waiting.len());
        for message in waiting.drain(..) {
            match message {
                Message::Write(queued) => jobs.push(queued),
                // What was sent before is still received; later sends fail.
                Message::Close => receiver.close(),
            }
        }
        if !jobs.is_empty() {
            serve(&mut connection, jobs).await;
        }
    }
    if let Err(error) = connection.db.close_by_ref().await {
        tracing::warn!(%error, "failed to close the writing connection");
    }
}

/// Commits `jobs` together, or, if one of them makes that fail, one by one, so
/// that an error reaches only those whom it concerns.
async fn serve(connection: &mut Connection, mut jobs: Vec<Queued>) {
    match connection.commit(&mut jobs).await {
        Err(Failed::BeforeCommit(error)) if jobs.len() > 1 => {
            tracing::debug!(%error, jobs = jobs.len(), "a shared commit failed; trying one by one");
            for job in jobs {
                let mut alone = vec![job];
                let outcome = connection.commit(&mut alone).await;
                answer(alone, outcome);
            }
        }
        outcome => answer(jobs, outcome),
    }
}

fn answer(jobs: Vec<Queued>, outcome: Result<Vec<Result<(), LogError>>, Failed>) {
    match outcome {
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

enum Failed {
    /// Nothing was committed, and another attempt may do better.
    BeforeCommit(StoreError),
    /// The lock was not had, or the commit itself failed: not to be repeated.
    Final(StoreError),
}

/// The connection that writes.
struct Connection {
    db: DatabaseConnection,
    busy: Duration,
    /// Whether nothing failed since `synchronous` was read back: a failure may
    /// have cost the connection, and then the pool opens another.
    verified: bool,
}

impl Connection {
    async fn commit(&mut self, jobs: &mut [Queued]) -> Result<Vec<Result<(), LogError>>, Failed> {
        if !self.verified {
            connect::verify_synchronous(&self.db)
                .await
                .map_err(Failed::Final)?;
        }
        let outcome = commit(&self.db, self.busy, jobs).await;
        self.verified = outcome.is_ok();
        let (outcomes, pruned) = outcome?;
        if pruned {
            self.verified = give_pages_back(&self.db).await;
        }
        Ok(outcomes)
    }
}

async fn commit(
    db: &DatabaseConnection,
    busy: Duration,
    jobs: &mut [Queued],
) -> Result<(Vec<Result<(), LogError>>, bool), Failed> {
    let txn = begin_immediate(db, busy).await.map_err(Failed::Final)?;
    let done = match decide_and_write(&txn, jobs).await {
        Ok(done) => done,
        Err(error) => {
            // Where SQLite has rolled back by itself, this is refused.
            if let Err(error) = txn.rollback().await {
                tracing::debug!(%error, "failed to roll back");
            }
            return Err(Failed::BeforeCommit(error));
        }
    };
    txn.commit()
        .await
        .map_err(|error| Failed::Final(failed("commit", error)))?;
    Ok(done)
}

async fn decide_and_write(
    txn: &DatabaseTransaction,
    jobs: &mut [Queued],
) -> Result<(Vec<Result<(), LogError>>, bool), StoreError> {
    let mut shared = Shared::begin(txn).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for queued in jobs {
        outcomes.push(shared.run(&mut queued.job).await?);
    }
    let pruned = shared.pruned;
    shared.finish().await?;
    Ok((outcomes, pruned))
}

/// A deferred transaction that reads and then writes fails at once when another
/// writer was faster, whatever the busy timeout says.
pub(super) async fn begin_immediate(
    db: &DatabaseConnection,
    busy: Duration,
) -> Result<DatabaseTransaction, StoreError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await.map_err(|error| {
        let doing = format!("take the write lock within {} ms", busy.as_millis());
        failed(doing, error)
    })
}

/// Only housekeeping: the entries are gone either way. Whether it worked.
async fn give_pages_back(db: &DatabaseConnection) -> bool {
    let sql = format!("PRAGMA incremental_vacuum({VACUUM_PAGES})");
    let outcome = db.execute_unprepared(&sql).await;
    if let Err(error) = &outcome {
        tracing::warn!(%error, "failed to give free pages back");
    }
    outcome.is_ok()
}

#[cfg(test)]
mod tests;
