//! How a file becomes a store.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sync_log_core::{Hlc, StoreError, StoreErrorKind, Tag, Uuid};

use super::writer::WriteLock;
use super::{SqliteStore, thread};
use crate::adopt::{self, EARLIER_PROGRAM};
use crate::connect::{self, MEMORY_VFS, Place};
use crate::error::OpenError;
use crate::failure::{corrupt, failed};
use crate::migration::{MIGRATION_TABLE, Migrator, ORIGINAL_TABLES, missing};
use crate::options::{DEFAULT_BUSY_TIMEOUT, FILE_NAME};
use crate::probe::{self, Found, Ids};
use crate::statement::prepare;
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
        let ids = Ids {
            library_id,
            device_id,
        };
        let place = Place::File(data_dir.join(FILE_NAME));
        let busy = busy_timeout.min(LONGEST_WAIT);
        let deadline = Instant::now() + busy;
        loop {
            match open_once(&place, ids, busy, now_ms).await {
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
        let ids = Ids {
            library_id,
            device_id,
        };
        let place = Place::in_memory();
        open_found(&place, Found::Nothing, ids, DEFAULT_BUSY_TIMEOUT, now_ms).await
    }
}

async fn open_once(
    place: &Place,
    ids: Ids,
    busy: Duration,
    now_ms: i64,
) -> Result<SqliteStore, OpenError> {
    let path = place.path().to_owned();
    let looked = thread::run("sync-log-opener", move || probe::probe(&path, ids, busy)).await;
    let found = looked.map_err(|error| OpenError::store(place.path(), error))??;
    open_found(place, found, ids, busy, now_ms).await
}

async fn open_found(
    place: &Place,
    found: Found,
    ids: Ids,
    busy: Duration,
    now_ms: i64,
) -> Result<SqliteStore, OpenError> {
    let failed = |error| OpenError::store(place.path(), error);
    let maker = match found {
        Found::Log => None,
        Found::Nothing | Found::Unfinished | Found::Earlier => {
            Some(make(place, found, ids, busy, now_ms).await?)
        }
    };
    let of = place.clone();
    let opened = thread::run("sync-log-opener", move || open_made(&of, ids, busy, now_ms)).await;
    // Not before there is another: memory is gone with the last connection to it.
    if let Some(maker) = maker {
        let closed = maker.close_by_ref().await;
        closed.map_err(|error| failed(crate::failure::failed("close", error)))?;
    }
    let db = opened.map_err(failed)??;
    SqliteStore::new(db, place.clone(), busy).map_err(failed)
}

fn is_locked(error: &OpenError) -> bool {
    use sync_log_core::LogError::Store;
    matches!(error.as_log_error(), Some(Store(error)) if error.kind() == StoreErrorKind::Locked)
}

/// On a file that may not be written, SQLite connects and even begins
/// "immediately", to read only. A statement that could write is refused.
const WRITE_NOTHING: &str = "UPDATE sync_log_state SET solo = solo WHERE id = 0";

const LOOK: &str = "see whether the file can be adopted";

/// The connection that writes, on a log that is made. Under the write lock, so
/// that what another process is making is not taken for a part of a log.
pub(super) fn open_made(
    place: &Place,
    ids: Ids,
    busy: Duration,
    now_ms: i64,
) -> Result<Connection, OpenError> {
    let refused = |error: StoreError| OpenError::store(place.path(), error);
    let db = connect::writer(place, busy).map_err(refused)?;
    let lock = WriteLock::take(&db, busy).map_err(refused)?;
    prepare(&db, WRITE_NOTHING)
        .and_then(|mut update| update.execute([]))
        .map_err(|error| refused(failed("see whether the file may be written", error)))?;
    let lost = || refused(corrupt("sync_log_identity", "1", "id"));
    let stored = probe::identity(&db).map_err(refused)?.ok_or_else(lost)?;
    ids.refuse_other(stored, place.path())?;
    if let Some(cause) = adopt::cause(&db).map_err(refused)? {
        if let Some(reason) = adopt::fit::tables(&db).map_err(|e| refused(failed(LOOK, e)))? {
            let path = place.path().to_owned();
            return Err(OpenError::NotAdoptable { path, reason });
        }
        adopt::run(&db, &cause, now_ms).map_err(refused)?;
    }
    restore_acks(&db, now_ms).map_err(refused)?;
    lock.commit().map_err(refused)?;
    Ok(db)
}

/// A peer whose ack another program deleted has acknowledged nothing: it counts, and
/// can acknowledge again.
fn restore_acks(db: &Connection, now_ms: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO peer_acks (peer_device_id, last_acked_hlc, acked_at) \
               SELECT peer_device_id, ?1, ?2 FROM sync_log_peers \
               WHERE peer_device_id NOT IN (SELECT peer_device_id FROM peer_acks \
               WHERE peer_device_id IS NOT NULL)";
    let values = (Hlc::ZERO.to_string(), time::to_text(now_ms));
    let restored = prepare(db, sql).and_then(|mut insert| insert.execute(values));
    restored
        .map(drop)
        .map_err(|error| failed("restore acks that are gone", error))
}

/// Makes the tables and says whose log it is, in one transaction that begins
/// with the write lock: of two processes that make a file, one finds it made.
async fn make(
    place: &Place,
    found: Found,
    ids: Ids,
    busy: Duration,
    now_ms: i64,
) -> Result<DatabaseConnection, OpenError> {
    let failed_at = |error| OpenError::store(place.path(), failed("make the tables", error));
    let db = connect_maker(place, found, busy).await.map_err(failed_at)?;
    let made = migrate(&db, ids, now_ms).await.map_err(failed_at);
    match made {
        Ok(()) => Ok(db),
        Err(refusal) => {
            db.close_by_ref().await.map_err(failed_at)?;
            Err(refusal)
        }
    }
}

/// A file's name is set on the options, so that no path has to be a URL.
const ANY_FILE: &str = "sqlite:sync.db";

/// The connection that runs migrations; closed once they have run.
async fn connect_maker(
    place: &Place,
    found: Found,
    busy: Duration,
) -> Result<DatabaseConnection, DbErr> {
    let place = place.clone();
    let map = move |options: SqliteConnectOptions| {
        let options = match &place {
            Place::File(path) => options.filename(path).journal_mode(SqliteJournalMode::Wal),
            Place::Memory(name) => options.filename(name).vfs(MEMORY_VFS),
        };
        let options = options
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(busy);
        match found {
            // Has an effect before the first table only; on a database that has
            // tables it would be a write, at every opening.
            Found::Nothing => options
                .create_if_missing(true)
                .auto_vacuum(SqliteAutoVacuum::Incremental),
            Found::Unfinished | Found::Earlier | Found::Log => options.create_if_missing(false),
        }
    };
    let mut options = ConnectOptions::new(ANY_FILE);
    options
        .max_connections(1)
        .sqlx_logging(statements_are_wanted())
        .map_sqlx_sqlite_opts(map);
    Database::connect(options).await
}

/// Statements are told to a subscriber that asks for them before a log is opened;
/// to any other that would only cost time. Values are never told.
fn statements_are_wanted() -> bool {
    tracing::enabled!(target: "sqlx::query", tracing::Level::TRACE)
}

async fn migrate(db: &DatabaseConnection, ids: Ids, now_ms: i64) -> Result<(), DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let txn = db.begin_with_options(immediate).await?;
    let earlier = has_original_tables_only(&txn).await?;
    if earlier {
        record_original_tables(&txn, now_ms).await?;
    }
    Migrator::up(&txn, None).await?;
    if is_unidentified(&txn).await? {
        identify(&txn, ids, now_ms).await?;
    }
    if earlier {
        // Until it is adopted, which comes next: nobody takes it for a log before.
        let sql = "UPDATE sync_log_state SET foreign_write = ?";
        let values = [EARLIER_PROGRAM.into()];
        let backend = txn.get_database_backend();
        txn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
    }
    txn.commit().await
}

/// Whether an earlier program made the file. Asked under the lock: another process
/// may have been faster.
async fn has_original_tables_only(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name IN ('shared_changes', 'peer_acks', 'sync_log_identity') \
               ORDER BY name = 'sync_log_identity' DESC LIMIT 1";
    let row = txn.query_one_raw(Statement::from_string(txn.get_database_backend(), sql));
    let name: Option<String> = row.await?.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(name.is_some_and(|name| name != "sync_log_identity"))
}

/// The original tables stay as they are: what is missing of them is made, and that
/// they are there is put on record.
async fn record_original_tables(txn: &DatabaseTransaction, now_ms: i64) -> Result<(), DbErr> {
    txn.execute_unprepared(&missing()).await?;
    Migrator::install(txn).await?;
    let sql = format!(
        "INSERT INTO {MIGRATION_TABLE} (version, applied_at) VALUES (?, ?) \
         ON CONFLICT (version) DO NOTHING"
    );
    let values = [ORIGINAL_TABLES.into(), (now_ms / 1000).into()];
    let backend = txn.get_database_backend();
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await
        .map(drop)
}

/// Whether the tables were just made. A log that knows where it stands has an
/// identity, or lost it; then it does not get another.
async fn is_unidentified(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let sql = "SELECT id FROM sync_log_identity UNION ALL SELECT id FROM sync_log_state";
    let row = txn.query_one_raw(Statement::from_string(txn.get_database_backend(), sql));
    Ok(row.await?.is_none())
}

async fn identify(txn: &DatabaseTransaction, ids: Ids, now_ms: i64) -> Result<(), DbErr> {
    let ids = [ids.library_id, ids.device_id, Uuid::new_v4()];
    let ids = ids.map(|id| id.hyphenated().to_string().into());
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
