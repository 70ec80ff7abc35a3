//! The app's database, on the disk that the build is on.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sync_log_sqlite::Uuid;
use sync_log_sqlite::records::{DeclaredModels, Models, SharedRecords, make_tables};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::album;
use crate::fixture::{folder, run};

const LIBRARY: Uuid = Uuid::from_u128(0x11);

/// The device whose database it is.
const RECEIVER: Uuid = Uuid::from_u128(0xb0);

/// Where the log is.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    OwnFile,
    Attached,
}

/// An app's database with its tables and those of a receiver.
pub(crate) struct AppDatabase {
    pub(crate) db: DatabaseConnection,
    pub(crate) folder: TempDir,
}

impl AppDatabase {
    pub(crate) fn new(runtime: &Runtime) -> Self {
        let folder = folder();
        let path = folder.path().to_owned();
        let db = run(runtime, async move {
            let db = connect(&path.join("app.db")).await;
            db.execute_unprepared(album::TABLE).await.unwrap();
            make_tables(&db).await.unwrap();
            db
        });
        Self { db, folder }
    }

    /// Opens records in it.
    pub(crate) fn records(&self, runtime: &Runtime, layout: Layout) -> SharedRecords {
        let db = self.db.clone();
        let path = self.folder.path().to_owned();
        run(runtime, async move {
            let opened = match layout {
                Layout::OwnFile => {
                    SharedRecords::open(&db, models(), LIBRARY, RECEIVER, &path).await
                }
                Layout::Attached => SharedRecords::attach(&db, models(), LIBRARY, RECEIVER).await,
            };
            opened.unwrap()
        })
    }
}

fn models() -> DeclaredModels {
    Models::new().entity::<album::Entity>("album")
}

/// Begins as an app does that is about to write.
pub(crate) async fn begin(db: &DatabaseConnection) -> DatabaseTransaction {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await.unwrap()
}

/// One connection that is never given up, without logs and without pings.
async fn connect(file: &Path) -> DatabaseConnection {
    let file = file.to_owned();
    let mut options = ConnectOptions::new("sqlite:app.db");
    options
        .max_connections(1)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
        });
    Database::connect(options).await.unwrap()
}
