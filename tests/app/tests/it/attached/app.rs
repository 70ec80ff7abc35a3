//! An app, whose database holds its tags.

use std::path::PathBuf;

use rusqlite::Connection;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sync_log_sqlite::{OpenError, SyncDb};
use tempfile::TempDir;

use super::pools::{DEFAULT, Settings, connect};
use crate::common::{DEVICE, LIBRARY};

/// A folder with a database of an app, in which there is a table.
pub(super) struct App {
    pub(super) folder: TempDir,
    pub(super) db: DatabaseConnection,
}

impl App {
    pub(super) async fn with(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder.path().join("app.db"), settings).await;
        let tags = "CREATE TABLE tag (id TEXT PRIMARY KEY, name TEXT)";
        db.execute_unprepared(tags).await.unwrap();
        Self { folder, db }
    }

    pub(super) async fn new() -> Self {
        Self::with(&DEFAULT).await
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    pub(super) fn raw(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    pub(super) async fn attach(&self) -> Result<SyncDb, OpenError> {
        SyncDb::attach(&self.db, LIBRARY, DEVICE).await
    }
}
