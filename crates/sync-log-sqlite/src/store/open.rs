//! How a file becomes a store.

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement};
use sea_orm_migration::MigratorTrait;
use sync_log_core::{Hlc, StoreErrorKind, Tag, Uuid};

use super::{SqliteStore, writer};
use crate::connect;
use crate::error::OpenError;
use crate::failure::{corrupt, failed};
use crate::migration::Migrator;
use crate::options::{DEFAULT_BUSY_TIMEOUT, FILE_NAME};
use crate::probe::{self, match_identity, statement};
use crate::rows::IDENTITY;
use crate::time;

/// How long to wait before another attempt at a file that is locked for a
/// moment, for instance because another process is making it.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// What SQLite can wait for a lock at most: milliseconds in 31 bits, 24 days.
const LONGEST_WAIT: Duration = Duration::from_millis(i32::MAX as u64);

impl SqliteStore {
    /// Opens or creates the log in `data_dir`; `now_ms` is the wall clock, for
    /// the records of when tables were made.
    ///
    /// # Errors
    /// As for [`SyncDb::open`](crate::SyncDb::open).
    pub async fn open(
        data_dir: &Path,
        library_id: Uuid,
        device_id: Uuid,
        busy_timeout: Duration,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        probe::prepare_folder(data_dir)?;
        let path = data_dir.join(FILE_NAME);
        let busy = busy_timeout.min(LONGEST_WAIT);
        let deadline = Instant::now() + busy;
        loop {
            match open_once(&path, library_id, device_id, busy, now_ms).await {
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    tracing::debug!(%error, "the file is locked for a moment; trying again");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Makes a log in memory. It promises everything but durability.
    ///
    /// # Errors
    /// [`OpenError::Log`] if SQLite fails.
    pub async fn open_in_memory(
        library_id: Uuid,
        device_id: Uuid,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        let path = Path::new(":memory:");
        let db = connect::memory()
            .await
            .map_err(|error| OpenError::store(path, error))?;
        let busy = DEFAULT_BUSY_TIMEOUT;
        migrate(&db, path, library_id, device_id, busy, now_ms).await?;
        Ok(Self::new(db.clone(), db, busy))
    }
}

async fn open_once(
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
    busy: Duration,
    now_ms: i64,
) -> Result<SqliteStore, OpenError> {
    let (writer, readers) = open_parts(path, library_id, device_id, busy, now_ms).await?;
    Ok(SqliteStore::new(writer, readers, busy))
}

/// The connection that writes, on a file that is this log, and those that read.
pub(super) async fn open_parts(
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
    busy: Duration,
    now_ms: i64,
) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let failed_at = |error| OpenError::store(path, error);
    let found = probe::probe(path, library_id, device_id, busy).await?;
    let db = connect::writer(path, found, busy)
        .await
        .map_err(failed_at)?;
    if let Err(refusal) = migrate(&db, path, library_id, device_id, busy, now_ms).await {
        db.close_by_ref()
            .await
            .map_err(|error| failed_at(failed("close", error)))?;
        return Err(refusal);
    }
    let readers = connect::readers(path, busy).await.map_err(failed_at)?;
    Ok((db, readers))
}

fn is_locked(error: &OpenError) -> bool {
    use sync_log_core::LogError::Store;
    matches!(error.as_log_error(), Some(Store(error)) if error.kind() == StoreErrorKind::Locked)
}

/// On a file that may not be written, SQLite connects and even begins
/// "immediately", to read only. A statement that could write is refused.
const WRITE_NOTHING: &str = "UPDATE sync_log_state SET solo = solo WHERE id = 0";

/// Makes the tables and says whose log it is, in one transaction that begins
/// with the write lock: of two processes that make a file, one finds it made.
async fn migrate(
    db: &DatabaseConnection,
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
    busy: Duration,
    now_ms: i64,
) -> Result<(), OpenError> {
    let failed_at = |error| OpenError::store(path, failed("make the tables", error));
    let txn = writer::begin_immediate(db, busy)
        .await
        .map_err(|error| OpenError::store(path, error))?;
    Migrator::up(&txn, None).await.map_err(failed_at)?;
    txn.execute_unprepared(WRITE_NOTHING)
        .await
        .map_err(failed_at)?;
    match txn
        .query_one_raw(statement(IDENTITY))
        .await
        .map_err(failed_at)?
    {
        Some(row) => match_identity(&row, path, library_id, device_id)?,
        None if has_state(&txn).await.map_err(failed_at)? => {
            let lost = corrupt("sync_log_identity", "1", "id");
            return Err(OpenError::store(path, lost));
        }
        None => identify(&txn, library_id, device_id, now_ms)
            .await
            .map_err(failed_at)?,
    }
    txn.commit().await.map_err(failed_at)
}

/// A log that knows where it stands has an identity, or lost it.
async fn has_state(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let row = txn.query_one_raw(statement("SELECT id FROM sync_log_state"));
    Ok(row.await?.is_some())
}

async fn identify(
    txn: &DatabaseTransaction,
    library_id: Uuid,
    device_id: Uuid,
    now_ms: i64,
) -> Result<(), DbErr> {
    let ids = [library_id, device_id, Uuid::new_v4()].map(|id| id.hyphenated().to_string().into());
    let values = ids.into_iter().chain([time::to_text(now_ms).into()]);
    let sql = "INSERT INTO sync_log_identity (id, library_id, device_id, log_id, created_at) \
               VALUES (1, ?, ?, ?, ?)";
    let backend = txn.get_database_backend();
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    let zero = Hlc::ZERO.to_string();
    let values = [zero.clone(), zero.clone(), Tag::ZERO.to_string(), zero].map(Into::into);
    let sql = "INSERT INTO sync_log_state (id, head, floor, floor_tag, high_water) \
               VALUES (1, ?, ?, ?, ?)";
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await
        .map(drop)
}
