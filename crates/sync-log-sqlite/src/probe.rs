//! A first look at a file, which changes nothing that was committed there. What
//! another connection left unfinished has to be rolled back before anything can
//! be read, whoever's file it is, and SQLite does that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use sync_log_core::{LogError, LogIdentity, StoreError, StoreErrorKind, Uuid};

use crate::adopt;
use crate::adopt::fit;
use crate::connect::{self, Place};
use crate::driver::{Port, Transaction, in_place, tables, texts};
use crate::error::OpenError;
use crate::failure::{NOT_A_DATABASE, READ_ONLY_ROLLBACK, extended_code, primary};
use crate::migration::{self, MIGRATION_TABLE, MIGRATIONS};
use crate::private_copy::{PrivateCopy, beside};
use crate::raw::app::{self, SPLICED};
use crate::store::select;

/// Whose log is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) library_id: Uuid,
    pub(crate) device_id: Uuid,
}

impl Ids {
    /// Refuses a log of another library or device (`I1`).
    pub(crate) fn refuse_other(self, stored: LogIdentity, path: &Path) -> Result<(), OpenError> {
        if (stored.library_id, stored.device_id) == (self.library_id, self.device_id) {
            return Ok(());
        }
        let refusal = LogError::IdentityMismatch {
            stored_library: stored.library_id,
            stored_device: stored.device_id,
            library: self.library_id,
            device: self.device_id,
        };
        Err(OpenError::log(path, refusal))
    }
}

/// Makes sure that there is a folder.
fn prepare_folder(data_dir: &Path) -> Result<(), OpenError> {
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
    /// A database in which a log has to be made, or brought up to date.
    Unfinished,
    /// A file of an earlier program, which can be adopted.
    Earlier,
    /// This log.
    Log,
}

/// Refuses a file that is not this log. The order of the checks is part of the
/// contract.
pub(crate) fn probe(path: &Path, ids: Ids, busy: Duration) -> Result<Found, OpenError> {
    prepare_folder(path.parent().unwrap_or(path))?;
    if is_new(path)? {
        return Ok(Found::Nothing);
    }
    let had_wal = wal_of(path).exists();
    let verdict = look(path, ids, busy);
    if verdict.is_err() {
        tidy_after(path, had_wal, busy);
    }
    verdict
}

/// Refuses what cannot be a log that is only to be read.
pub(crate) fn refuse_missing(path: &Path) -> Result<(), OpenError> {
    let path_buf = || path.to_owned();
    match std::fs::metadata(path) {
        Err(source) => Err(OpenError::Unreachable {
            path: path_buf(),
            source,
        }),
        Ok(metadata) if metadata.len() == 0 => Err(OpenError::NotSqlite { path: path_buf() }),
        Ok(_) => is_new(path).map(drop),
    }
}

/// Looks at a file where it is, and rolls nothing back.
pub(crate) fn connect(path: &Path, busy: Duration) -> Result<Connection, OpenError> {
    let looked = look_without_writing(path, busy).map_err(|error| refusal(path, error));
    looked.map(|(db, _)| db)
}

/// Looks at a copy, in which what was left half-way is rolled back.
pub(crate) fn connect_copy(path: &Path, busy: Duration) -> Result<Connection, OpenError> {
    look_as_writer(path, busy).map_err(|error| refusal(path, error))?;
    connect(path, busy)
}

/// A copy of a file that could not be read where it is, because SQLite may not
/// write beside it.
pub(crate) fn copy_unreadable(path: &Path, refused: OpenError) -> Result<PrivateCopy, OpenError> {
    match refused.as_log_error() {
        Some(LogError::Store(error)) if error.kind() == StoreErrorKind::ReadOnly => {
            PrivateCopy::of(path).map_err(|error| OpenError::store(path, error.into()))
        }
        _ => Err(refused),
    }
}

/// Whose log it is, if it is one that this program can read as it is. One that was found to be
/// altered says so itself.
pub(crate) fn identify(db: &Connection, path: &Path) -> Result<LogIdentity, OpenError> {
    let failed = |error| refusal(path, error);
    let txn = Transaction::read(db).map_err(failed)?;
    let found = in_place(async {
        let tables = tables::names(db).await.map_err(failed)?;
        let found = judge(db, &tables, path).await?;
        let is_whole = match found {
            (Found::Log, Some(_)) => adopt::is_whole_or_noted(db).await.map_err(failed)?,
            _ => false,
        };
        Ok((found, is_whole))
    });
    let identity = match found? {
        ((Found::Log, Some(identity)), true) => Ok(identity),
        ((Found::Earlier, _) | (Found::Log, Some(_)), _) => Err(OpenError::NeedsAdoption {
            path: path.to_owned(),
        }),
        _ => Err(OpenError::Unfinished {
            path: path.to_owned(),
        }),
    };
    txn.commit().map_err(failed)?;
    identity
}

/// Removes what a connection that may not write left beside a file that had no
/// `-wal` before.
pub(crate) fn tidy_after(path: &Path, had_wal: bool, busy: Duration) {
    let has_empty_wal = || std::fs::metadata(wal_of(path)).is_ok_and(|wal| wal.len() == 0);
    if !had_wal && has_empty_wal() {
        tidy(path, busy);
    }
}

/// Looks at the file through a connection that cannot change it.
fn look(path: &Path, ids: Ids, busy: Duration) -> Result<Found, OpenError> {
    let mut looked = look_without_writing(path, busy);
    if looked.as_ref().is_err_and(is_half_written) {
        look_as_writer(path, busy).map_err(|error| refusal(path, error))?;
        looked = look_without_writing(path, busy);
    }
    let (db, tables) = looked.map_err(|error| refusal(path, error))?;
    let (found, stored) = in_place(judge(&db, &tables, path))?;
    if let Some(stored) = stored {
        ids.refuse_other(stored, path)?;
    }
    if found == Found::Earlier {
        in_place(refuse_unfit(&db, path))?;
    }
    Ok(found)
}

/// A connection that cannot change the file, and the tables that it sees.
fn look_without_writing(
    path: &Path,
    busy: Duration,
) -> Result<(Connection, Vec<String>), StoreError> {
    let db = connect::read_only(&Place::File(path.to_owned()), busy)?;
    let tables = in_place(tables::names(&db))?;
    Ok((db, tables))
}

/// SQLite would take what is shorter than its smallest page for an empty
/// database, and overwrite it.
fn is_too_short(length: u64) -> bool {
    (1..512).contains(&length)
}

pub(crate) fn wal_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// Whether a process, or the disk under it, stopped in the middle of a
/// transaction that was not yet in a WAL, which is how a file is made.
fn is_half_written(error: &StoreError) -> bool {
    extended_code(error) == Some(READ_ONLY_ROLLBACK)
}

/// A connection that may not write leaves an empty `-wal` and a `-shm` beside a
/// file in WAL mode. SQLite itself removes them when a connection that may write
/// is the last to close, and only then, so this is safe whoever else has the
/// file open.
fn tidy(path: &Path, busy: Duration) {
    if let Err(error) = look_as_writer(path, busy) {
        tracing::debug!(%error, "left files beside a log that was refused");
    }
}

/// Commits nothing; but SQLite rolls back what another connection left unfinished.
fn look_as_writer(path: &Path, busy: Duration) -> Result<(), StoreError> {
    let db = connect::bystander(&Place::File(path.to_owned()), busy)?;
    in_place(tables::names(&db)).map(drop)
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

/// What the file is, and whose log.
async fn judge(
    db: &impl Port,
    tables: &[String],
    path: &Path,
) -> Result<(Found, Option<LogIdentity>), OpenError> {
    let failed = |error| refusal(path, error);
    let has = |name: &str| tables.iter().any(|table| table == name);
    if has(app::MIGRATIONS) {
        let spliced = spliced(db).await.map_err(failed)?;
        refuse_unknown(&spliced, path)?;
    }
    let mut applied = Vec::new();
    if has(MIGRATION_TABLE) {
        applied = migration::applied(db).await.map_err(failed)?;
        refuse_unknown(&applied, path)?;
    }
    let mut stored = None;
    if has("sync_log_identity") {
        stored = select::identity(db).await.map_err(failed)?;
        if stored.is_some() {
            refuse_unrecorded(&applied, path)?;
        }
    } else if has("shared_changes") || has("peer_acks") {
        return Ok((Found::Earlier, None));
    }
    let is_whole = applied.len() == MIGRATIONS.len() && stored.is_some();
    let found = if is_whole {
        Found::Log
    } else {
        Found::Unfinished
    };
    Ok((found, stored))
}

/// What an app's own migrator ran of ours; nothing where its table is another's.
async fn spliced(db: &impl Port) -> Result<Vec<String>, StoreError> {
    let columns = tables::columns(db, app::MIGRATIONS).await?;
    if !columns.iter().any(|column| column == "version") {
        return Ok(Vec::new());
    }
    texts(db, &SPLICED, &[], (app::MIGRATIONS, "version")).await
}

/// Refuses what another program wrote where it cannot be adopted.
pub(crate) async fn refuse_unfit(db: &impl Port, path: &Path) -> Result<(), OpenError> {
    match fit::fault(db).await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(OpenError::NotAdoptable {
            path: path.to_owned(),
            reason,
        }),
        Err(error) => Err(refusal(path, error)),
    }
}

/// Refuses migrations that a newer program made (`I2`).
pub(crate) fn refuse_unknown(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let is_known = |name: &&String| MIGRATIONS.iter().any(|known| known.name == *name);
    let unknown: Vec<_> = applied.iter().filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(OpenError::SchemaTooNew {
        path: path.to_owned(),
        unknown: unknown.into_iter().cloned().collect(),
    })
}

/// An opening records the migrations with which the format began when it puts on record
/// whose log it is. Where only the latter is there, the file was damaged.
fn refuse_unrecorded(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let mut from_the_start = MIGRATIONS.iter().take(MIGRATIONS_FROM_THE_START);
    match from_the_start.find(|migration| !applied.iter().any(|name| name == migration.name)) {
        None => Ok(()),
        Some(missing) => {
            let doing = format!("find {} in {MIGRATION_TABLE}", missing.name);
            let damage = StoreError::new(StoreErrorKind::Corrupt, doing);
            Err(OpenError::store(path, damage))
        }
    }
}

fn refusal(path: &Path, error: StoreError) -> OpenError {
    if extended_code(&error).map(primary) == Some(NOT_A_DATABASE) {
        return OpenError::NotSqlite {
            path: path.to_owned(),
        };
    }
    OpenError::store(path, error)
}
