//! The store: one thread that writes, a few that read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sync_log_core::{
    Hlc, LogError, LogState, LogStore, Positions, ReadRequest, ReadView, StoreError, Survey,
    WriteJob,
};
use tokio::sync::oneshot;

use super::anchor::Anchor;
use super::backup::{self, BackupError};
use super::jobs::{Job, Message, Queued};
use super::thread;
use super::ticks::{DEFAULT_POLL_INTERVAL, Ticks};
use super::view::Views;
use super::writer::{self, Writer};
use crate::driver::Busy;
use crate::driver::connect::{self, Location};
use crate::driver::failure::closed;

/// A sync log in SQLite: the store of a [`SyncDb`](crate::SyncDb).
///
/// In a file it keeps every promise of [`LogStore`]. In memory it keeps every promise except
/// durability (`A3`).
pub struct SqliteStore {
    location: Location,
    anchor: Anchor,
    busy: Busy,
    views: Arc<Views>,
    writer: Arc<Writer>,
    ticks: Ticks,
}

#[async_trait]
impl LogStore for SqliteStore {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        self.queue(Job::Decide(job)).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.views.view(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        self.views.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        let mut commits = self.writer.commits();
        let mut waiting = None;
        loop {
            let has_ended = commits.has_changed().is_err();
            // What is committed from here on shows as a change.
            commits.borrow_and_update();
            let head = self.views.head().await?;
            if head > position {
                return Ok(head);
            }
            if has_ended {
                return Err(closed("watch"));
            }
            let committed = async { commits.changed().await.unwrap_or_default() };
            self.ticks.wait_in(&mut waiting)?.tick_or(committed).await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        let views = Arc::clone(&self.views);
        let writer = Arc::clone(&self.writer);
        // The thread closes both, even if the caller drops this future meanwhile (`A7`).
        let closing = move |_: thread::Wanted<'_>| {
            let close = async {
                views.close().await;
                writer.close().await
            };
            thread::wait(close, None).expect("without a limit it waits to the end")
        };
        thread::run("sync-log-closer", closing).await?
    }
}

impl SqliteStore {
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

    /// Copies the log to a file that does not exist yet.
    pub(crate) async fn backup_to(&self, to: PathBuf) -> Result<(), BackupError> {
        let path = to.clone();
        let failed = |source| BackupError::Failed { path, source };
        if self.writer.queue.is_closed() {
            return Err(failed(closed("back up")));
        }
        let location = self.location.clone();
        let anchor = self.anchor.clone();
        let busy = self.busy;
        let work = move |_: thread::Wanted<'_>| backup::back_up(&location, &anchor, busy, &to);
        thread::run("sync-log-backup", work).await.map_err(failed)?
    }

    async fn queue(&self, job: Job) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        let queued = Message::Write(Queued { job, answer });
        self.writer
            .queue
            .send(queued)
            .await
            .map_err(|_| closed("write"))?;
        // The writer answers every job that it received, unless its thread ended: then the
        // outcome is unknown, and the log has to be opened again.
        answered.await.map_err(|_| closed("write"))?
    }

    /// A store on a database whose tables are there, and on the connection that writes.
    pub(crate) fn new(
        db: Connection,
        anchor: Anchor,
        location: Location,
        busy: Busy,
    ) -> Result<Self, StoreError> {
        let to_read = location.clone();
        let connect = move || connect::reader(&to_read, busy);
        Ok(Self {
            location,
            anchor: anchor.clone(),
            busy,
            views: Arc::new(Views::new(connect, anchor.clone())),
            writer: Arc::new(writer::spawn(db, anchor, busy)?),
            ticks: Ticks::every(DEFAULT_POLL_INTERVAL),
        })
    }

    /// The file; `None` in memory.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Memory(_) => None,
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
