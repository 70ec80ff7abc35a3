//! A first look at a file, which changes nothing that was committed there. What
//! another connection left unfinished has to be rolled back before anything can
//! be read, whoever's file it is, and SQLite does that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};
use sync_log_core::{LogError, StoreError, StoreErrorKind, Uuid};

use crate::connect;
use crate::error::OpenError;
use crate::failure::{
    NOT_A_DATABASE, READ_ONLY_ROLLBACK, corrupt, extended_code, failed, sqlite_code,
};
use crate::migration::{MIGRATION_TABLE, migrations};
use crate::rows::{self, Columns, IDENTITY};

/// Makes sure that there is a folder.
pub(crate) fn prepare_folder(data_dir: &Path) -> Result<(), OpenError> {
    let path = || data_dir.to_owned();
    match std::fs::create_dir_all(data_dir) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory
            ) =>
        {
            Err(OpenError::NotAFolder { path: path() })
        }
        Err(source) => Err(OpenError::Unreachable {
            path: path(),
            source,
        }),
    }
}

/// What is where the log should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// A database that may hold this log.
    Database,
}

/// Refuses a file that is not this log. The order of the checks is part of the
/// contract.
pub(crate) async fn probe(
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
    busy: Duration,
) -> Result<Found, OpenError> {
    if is_new(path)? {
        return Ok(Found::Nothing);
    }
    let had_wal = wal_of(path).exists();
    let failed_at = |error| refusal(path, error);
    let mut connected = connect::probe(path, busy).await;
    if connected.as_ref().is_err_and(is_half_written) {
        look_as_writer(path, busy).await.map_err(failed_at)?;
        connected = connect::probe(path, busy).await;
    }
    let db = connected.map_err(failed_at)?;
    let verdict = judge(&db, path, library_id, device_id).await;
    db.close_by_ref().await.map_err(failed_at)?;
    let has_empty_wal = || std::fs::metadata(wal_of(path)).is_ok_and(|wal| wal.len() == 0);
    if verdict.is_err() && !had_wal && has_empty_wal() {
        tidy(path, busy).await;
    }
    verdict.map(|()| Found::Database)
}

/// SQLite would take what is shorter than its smallest page for an empty
/// database, and overwrite it.
fn is_too_short(length: u64) -> bool {
    (1..512).contains(&length)
}

fn wal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Whether a process, or the disk under it, stopped in the middle of a
/// transaction that was not yet in a WAL, which is how a file is made.
fn is_half_written(error: &DbErr) -> bool {
    extended_code(error) == Some(READ_ONLY_ROLLBACK)
}

/// A connection that may not write leaves an empty `-wal` and a `-shm` beside a
/// file in WAL mode. SQLite itself removes them when a connection that may write
/// is the last to close, and only then, so this is safe whoever else has the
/// file open.
async fn tidy(path: &Path, busy: Duration) {
    if let Err(error) = look_as_writer(path, busy).await {
        tracing::debug!(%error, "left files beside a log that was refused");
    }
}

/// Commits nothing; but SQLite rolls back what another connection left unfinished.
async fn look_as_writer(path: &Path, busy: Duration) -> Result<(), DbErr> {
    let db = connect::bystander(path, busy).await?;
    let looked = texts(&db, TABLES).await;
    db.close_by_ref().await?;
    looked.map(drop)
}

/// Whether there is nothing to look at. The file is not opened for this: to
/// close a descriptor of it would drop the locks that SQLite holds on it for
/// other connections of this process.
fn is_new(path: &Path) -> Result<bool, OpenError> {
    let path_buf = || path.to_owned();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() || is_too_short(metadata.len()) => {
            Err(OpenError::NotSqlite { path: path_buf() })
        }
        Ok(metadata) => Ok(metadata.len() == 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(source) => Err(OpenError::Unreachable {
            path: path_buf(),
            source,
        }),
    }
}

/// Migrations of the first version, which every log went through.
const MIGRATIONS_FROM_THE_START: usize = 2;

const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";

async fn judge(
    db: &DatabaseConnection,
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
) -> Result<(), OpenError> {
    let failed_at = |error| refusal(path, error);
    let tables = texts(db, TABLES).await;
    let tables = tables.map_err(failed_at)?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    let mut applied = Vec::new();
    if has(MIGRATION_TABLE) {
        applied = versions(db, path).await?;
        refuse_unknown(&applied, path)?;
    }
    if has("sync_log_identity") {
        refuse_unrecorded(&applied, path)?;
        let stored = db
            .query_one_raw(statement(IDENTITY))
            .await
            .map_err(failed_at)?;
        return stored.map_or(Ok(()), |row| {
            match_identity(&row, path, library_id, device_id)
        });
    }
    if has("shared_changes") || has("peer_acks") {
        return Err(OpenError::NeedsAdoption {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The migrations that are on record.
async fn versions(db: &DatabaseConnection, path: &Path) -> Result<Vec<String>, OpenError> {
    let sql = "SELECT version FROM sync_log_migrations ORDER BY version";
    let rows = db.query_all_raw(statement(sql)).await;
    let rows = rows.map_err(|error| refusal(path, error))?;
    let version = |row: &QueryResult| {
        row.try_get_by_index(0).map_err(|error| {
            let damage = corrupt(MIGRATION_TABLE, "", "version").with_source(error);
            OpenError::store(path, damage)
        })
    };
    rows.iter().map(version).collect()
}

fn refuse_unknown(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let known = migrations();
    let is_known = |name: &&String| known.iter().any(|migration| migration.name() == *name);
    let unknown: Vec<_> = applied.iter().filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(OpenError::SchemaTooNew {
        path: path.to_owned(),
        unknown: unknown.into_iter().cloned().collect(),
    })
}

/// A file has its identity since the migrations with which the format began. If
/// they are not on record, they would be run on it again.
fn refuse_unrecorded(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let from_the_start = migrations().into_iter().take(MIGRATIONS_FROM_THE_START);
    let mut names = from_the_start.map(|migration| migration.name().to_owned());
    match names.find(|name| !applied.contains(name)) {
        None => Ok(()),
        Some(missing) => {
            let doing = format!("find {missing} in {MIGRATION_TABLE}");
            let damage = StoreError::new(StoreErrorKind::Corrupt, doing);
            Err(OpenError::store(path, damage))
        }
    }
}

/// Refuses a log of another library or device (`I1`).
pub(crate) fn match_identity(
    row: &QueryResult,
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
) -> Result<(), OpenError> {
    let stored = rows::identity(&mut Columns::of(row));
    let stored = stored.map_err(|error| OpenError::store(path, error))?;
    if (stored.library_id, stored.device_id) == (library_id, device_id) {
        return Ok(());
    }
    let source = LogError::IdentityMismatch {
        stored_library: stored.library_id,
        stored_device: stored.device_id,
        library: library_id,
        device: device_id,
    };
    Err(OpenError::Log {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn refusal(path: &Path, error: DbErr) -> OpenError {
    if sqlite_code(&error) == Some(NOT_A_DATABASE) {
        return OpenError::NotSqlite {
            path: path.to_owned(),
        };
    }
    OpenError::store(path, failed("look at the file", error))
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(statement(sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

pub(crate) fn statement(sql: &str) -> Statement {
    Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}
