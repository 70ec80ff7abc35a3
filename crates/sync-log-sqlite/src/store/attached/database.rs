//! The app's database, as the tasks of a store read it.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::DatabaseConnection;
use sync_log_core::{Mark, Positions, ReadRequest, ReadView, StoreError, Survey};
use tokio::sync::watch;

use crate::driver::AppTransaction;
use crate::driver::durable::{Settings, sync_to_disk};
use crate::store::anchor::Anchor;
use crate::store::view;

/// Whether the store is open. It is sent at every commit, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Open,
    Closed,
}

/// The app's database, and the log in it.
pub(super) struct Database {
    pub(super) db: DatabaseConnection,
    /// The settings with which it was opened.
    settings: Settings,
    pub(super) anchor: Anchor,
    pub(super) progress: watch::Sender<Progress>,
    /// The head up to which everything is known to be on disk.
    synced: Mutex<Option<Mark>>,
    /// A survey reads the whole log. One runs at a time, so that other connections of the pool stay
    /// free for pages (`P7`).
    surveys: tokio::sync::Mutex<()>,
}

impl Database {
    pub(super) fn new(db: DatabaseConnection, settings: Settings, anchor: Anchor) -> Self {
        Self {
            db,
            settings,
            anchor,
            progress: watch::Sender::new(Progress::Open),
            synced: Mutex::default(),
            surveys: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.progress.borrow() == Progress::Closed
    }

    /// Returns the entries for a reader, and everything that core needs to judge the reader. Entries
    /// are on disk before they are returned (`A3`): else a peer could have what this device loses.
    pub(super) async fn view(
        self: Arc<Self>,
        request: ReadRequest,
    ) -> Result<ReadView, StoreError> {
        let txn = AppTransaction::read(&self.db).await?;
        let read = view::read(&txn.port(), &request).await;
        txn.roll_back().await;
        let view = read?;
        self.anchor.refuse_other(view.state.identity)?;
        if !view.entries.is_empty() {
            self.sync_up_to(view.state.head).await?;
        }
        Ok(view)
    }

    /// Returns the state of the log and its peers, and how much lies above each position.
    pub(super) async fn survey(
        self: Arc<Self>,
        positions: Positions,
    ) -> Result<Survey, StoreError> {
        let _turn = self.surveys.lock().await;
        let txn = AppTransaction::read(&self.db).await?;
        let read = view::survey(&txn.port(), positions).await;
        txn.roll_back().await;
        let survey = read?;
        self.anchor.refuse_other(survey.state.identity)?;
        Ok(survey)
    }

    /// Makes sure that the log up to its head is on disk, once for each head.
    async fn sync_up_to(&self, head: Mark) -> Result<(), StoreError> {
        if *self.synced() == Some(head) {
            return Ok(());
        }
        sync_to_disk(&self.db, &self.settings).await?;
        self.note_synced(head);
        Ok(())
    }

    /// Remembers that the log up to this head is on disk.
    pub(super) fn note_synced(&self, head: Mark) {
        *self.synced() = Some(head);
    }

    /// The guarded value is consistent between any two statements.
    fn synced(&self) -> std::sync::MutexGuard<'_, Option<Mark>> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
