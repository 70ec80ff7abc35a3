//! The app's database of a device, and where its log is.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sea_orm::DatabaseConnection;
use serde::{Deserialize, Serialize};
use sync_log_sqlite::records::{DeclaredModels, SharedRecords, SharedRecordsOptions, SyncError};
use sync_log_sqlite::{DeviceId, FILE_NAME, Uuid};

/// The app's database in the folder of a device.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("app.db")
}

/// How SQLite makes the commits of the app's database atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Journal {
    Rollback,
    WriteAhead,
}

/// Makes the app's database.
pub(crate) fn make(folder: &Path, journal: Journal, tables: &str) {
    let raw = Connection::open(database(folder)).unwrap();
    let mode = match journal {
        Journal::Rollback => "DELETE",
        Journal::WriteAhead => "WAL",
    };
    raw.pragma_update(None, "journal_mode", mode).unwrap();
    raw.execute_batch(tables).unwrap();
}

/// Runs statements in the app's database past the product.
pub(crate) fn execute(folder: &Path, statements: &str) {
    let raw = Connection::open(database(folder)).unwrap();
    raw.execute_batch(statements).unwrap();
}

/// Where the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Layout {
    /// In a `sync.db` beside the app's database.
    Outbox,
    /// In the app's database, without an outbox.
    Attached,
}

impl Layout {
    pub(crate) const BOTH: [Self; 2] = [Self::Outbox, Self::Attached];

    /// The database that holds the log of a device.
    pub(crate) fn log_in(self, folder: &Path) -> PathBuf {
        match self {
            Self::Outbox => folder.join(FILE_NAME),
            Self::Attached => database(folder),
        }
    }

    /// Opens the records of a device, whose app has connected to its database.
    pub(crate) async fn open(
        self,
        options: SharedRecordsOptions,
        db: &DatabaseConnection,
        models: DeclaredModels,
        library: Uuid,
        device: impl Into<DeviceId>,
        folder: &Path,
    ) -> Result<SharedRecords, SyncError> {
        match self {
            Self::Outbox => options.open(db, models, library, device, folder).await,
            Self::Attached => options.attach(db, models, library, device).await,
        }
    }
}
