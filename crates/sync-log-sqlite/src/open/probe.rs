//! A first read of a file, which changes nothing that was committed there. SQLite has to roll back
//! what another connection left unfinished before anything can be read, and does so even in a file
//! that is then refused.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;
use sync_log_core::{LogError, StoreError, StoreFault};

use super::error::OpenError;
use super::found::{Found, Ids, refusal, refuse_copy, refuse_unfit};
use super::private_copy::PrivateCopy;
use crate::driver::connect::{self, Location};
use crate::driver::failure::{READ_ONLY_ROLLBACK, extended_code};
use crate::driver::files::{beside, wal_of};
use crate::driver::raw::pragma::FIRST_FAULT;
use crate::driver::{Busy, Port, in_place, tables, texts};

/// Makes sure that there is a folder.
pub(super) fn prepare_folder(data_dir: &Path) -> Result<(), OpenError> {
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

/// Refuses a path at which there is no file, or an empty one.
pub(super) fn refuse_no_log(path: &Path) -> Result<(), OpenError> {
    if is_new(path)? {
        return Err(OpenError::Missing {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Refuses a file that is not this log. The order of the checks is part of the
/// contract.
pub(crate) fn probe(path: &Path, ids: Ids, busy: Busy) -> Result<Found, OpenError> {
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

/// Refuses a path that cannot be a log to read.
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

/// Reads a file where it is, and rolls nothing back.
pub(crate) fn connect(path: &Path, busy: Busy) -> Result<Connection, OpenError> {
    let looked = look_without_writing(path, busy).map_err(|error| refusal(path, error));
    looked.map(|(db, _)| db)
}

/// Reads a copy, in which an unfinished transaction is rolled back.
pub(crate) fn connect_copy(path: &Path, busy: Busy) -> Result<Connection, OpenError> {
    look_as_writer(path, busy).map_err(|error| refusal(path, error))?;
    connect(path, busy)
}

/// A copy of a file that could not be read where it is, because SQLite may not
/// write beside it.
pub(crate) fn copy_unreadable(path: &Path, refused: OpenError) -> Result<PrivateCopy, OpenError> {
    match refused.as_log_error() {
        Some(LogError::Store(cause)) if cause.fault() == StoreFault::ReadOnly => {
            PrivateCopy::of(path).map_err(|error| OpenError::store(path, error))
        }
        _ => Err(refused),
    }
}

/// Removes what a connection that may not write left beside a file that had no
/// `-wal` before.
pub(crate) fn tidy_after(path: &Path, had_wal: bool, busy: Busy) {
    let has_empty_wal = || std::fs::metadata(wal_of(path)).is_ok_and(|wal| wal.len() == 0);
    if !had_wal && has_empty_wal() {
        tidy(path, busy);
    }
}

/// Reads the file through a connection that cannot change it.
fn look(path: &Path, ids: Ids, busy: Busy) -> Result<Found, OpenError> {
    let was_left_open = was_left_open(path);
    let mut looked = look_without_writing(path, busy);
    if looked.as_ref().is_err_and(is_half_written) {
        look_as_writer(path, busy).map_err(|error| refusal(path, error))?;
        looked = look_without_writing(path, busy);
    }
    let (db, tables) = looked.map_err(|error| refusal(path, error))?;
    in_place(async {
        let found = Found::among(&db, &tables, path).await?;
        ids.refuse_other(found, path)?;
        refuse_copy(&db, path).await?;
        if matches!(found, Found::Earlier) {
            refuse_unfit(&db, path).await?;
        }
        if was_left_open {
            let checked = refuse_malformed(&db).await;
            checked.map_err(|error| refusal(path, error))?;
        }
        Ok(found)
    })
}

/// Whether the file may have been left without a close, by a process that was killed or by a power
/// cut: SQLite keeps something beside it. So it does while another handle has the file open.
fn was_left_open(path: &Path) -> bool {
    let has_content = |suffix| std::fs::metadata(beside(path, suffix)).is_ok_and(|it| it.len() > 0);
    ["-wal", "-journal"].into_iter().any(has_content)
}

/// Refuses a file with a damaged page (`I7`). SQLite notices such a page when it reads it, so without
/// this the first append, or a read long after, would be the first to fail. Every page is read, so
/// this is done only where a file was not closed.
async fn refuse_malformed(db: &impl Port) -> Result<(), StoreError> {
    let faults = texts(db, &FIRST_FAULT, &[], ("quick_check", "quick_check")).await?;
    match faults.first() {
        Some(fault) if fault != "ok" && !is_about_a_value(fault) => {
            let doing = format!("find the file sound, which was not closed: {fault}");
            Err(StoreError::new(StoreFault::Corrupt, doing))
        }
        _ => Ok(()),
    }
}

/// A value that a column should not have was written by another program. The adoption judges it.
fn is_about_a_value(fault: &str) -> bool {
    fault.contains(" value in ") || fault.starts_with("CHECK constraint failed")
}

/// A connection that cannot change the file, and the tables that it sees.
fn look_without_writing(path: &Path, busy: Busy) -> Result<(Connection, Vec<String>), StoreError> {
    let db = connect::read_only(&Location::File(path.to_owned()), busy)?;
    let tables = in_place(tables::names(&db))?;
    Ok((db, tables))
}

/// The `-wal` of a file is beside the name under which it was opened. Under another name, SQLite
/// reads the file without it, and then overwrites what it held.
fn refuse_several_names(path: &Path, metadata: &Metadata) -> Result<(), OpenError> {
    match names(metadata) {
        0 | 1 => Ok(()),
        names => Err(OpenError::SeveralNames {
            path: path.to_owned(),
            names,
        }),
    }
}

#[cfg(unix)]
fn names(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names(_: &Metadata) -> u64 {
    1
}

/// SQLite would take a file that is shorter than its smallest page for an empty database, and
/// overwrite it.
fn is_too_short(length: u64) -> bool {
    (1..512).contains(&length)
}

/// Whether a process, or the disk under it, stopped in the middle of a
/// transaction that was not yet in a WAL, which is how a file is made.
fn is_half_written(error: &StoreError) -> bool {
    extended_code(error) == Some(READ_ONLY_ROLLBACK)
}

/// A connection that may not write leaves an empty `-wal` and a `-shm` beside a
/// file in WAL mode. SQLite itself removes them when a connection that may write
/// is the last to close, and only then, so this is safe while other programs have
/// the file open.
fn tidy(path: &Path, busy: Busy) {
    if let Err(error) = look_as_writer(path, busy) {
        tracing::debug!(%error, "left files beside a log that was refused");
    }
}

/// Commits nothing, but SQLite rolls back what another connection left unfinished.
fn look_as_writer(path: &Path, busy: Busy) -> Result<(), StoreError> {
    let db = connect::bystander(&Location::File(path.to_owned()), busy)?;
    in_place(tables::names(&db)).map(drop)
}

/// Whether there is nothing to look at. The file is not opened for this: to
/// close a descriptor of it would drop the locks that SQLite holds on it for
/// other connections of this process.
fn is_new(path: &Path) -> Result<bool, OpenError> {
    let path_buf = || path.to_owned();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(OpenError::NotSqlite { path: path_buf() }),
        Ok(metadata) => {
            refuse_several_names(path, &metadata)?;
            if is_too_short(metadata.len()) {
                return Err(OpenError::NotSqlite { path: path_buf() });
            }
            Ok(metadata.len() == 0)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(source) => Err(OpenError::Unreachable {
            path: path_buf(),
            source,
        }),
    }
}
