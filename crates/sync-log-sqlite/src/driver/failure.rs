//! Converts errors of SQLite to faults on which a caller can act.

use std::borrow::Cow;
use std::fs::File;

use sea_orm::{ConnAcquireErr, DbErr};
use sync_log_core::{StoreError, StoreFault};

/// An error that came from SQLite, through either of the libraries that speak to it.
pub(crate) trait SqliteFailure: std::error::Error + Send + Sync + 'static {
    /// SQLite's extended result code, of which the primary one is a part, see
    /// <https://www.sqlite.org/rescode.html>.
    fn extended_code(&self) -> Option<u32>;

    /// Whether no connection was free, so that SQLite was not asked.
    fn is_without_connection(&self) -> bool {
        false
    }
}

impl SqliteFailure for rusqlite::Error {
    fn extended_code(&self) -> Option<u32> {
        let code = self.sqlite_error()?.extended_code;
        u32::try_from(code).ok()
    }
}

/// The app chooses the driver, so this crate does not know its error type. The driver writes the
/// code into the text: "(code: 517) database is locked".
impl SqliteFailure for DbErr {
    fn extended_code(&self) -> Option<u32> {
        let text = self.to_string();
        let (_, from_code) = text.split_once("(code: ")?;
        let (code, _) = from_code.split_once(')')?;
        code.parse().ok()
    }

    fn is_without_connection(&self) -> bool {
        matches!(self, Self::ConnectionAcquire(ConnAcquireErr::Timeout))
    }
}

/// SQLite's extended result code of a failure that a port reported.
pub(crate) fn extended_code(error: &StoreError) -> Option<u32> {
    let in_place = error.source_as::<rusqlite::Error>();
    let code = in_place.and_then(SqliteFailure::extended_code);
    code.or_else(|| error.source_as::<DbErr>()?.extended_code())
}

/// What SQLite says if a constraint of the tables refused a row, such as "CHECK constraint failed: x";
/// `None` if it was another failure. The text names tables and columns, and no values.
pub(crate) fn refused_by_constraint(error: &StoreError) -> Option<String> {
    match error.source_as::<DbErr>() {
        Some(of_app) => said_by_constraint(of_app),
        None => said_by_constraint(error.source_as::<rusqlite::Error>()?),
    }
}

/// The same of an error that no port has reported.
pub(crate) fn said_by_constraint(error: &impl SqliteFailure) -> Option<String> {
    let code = error.extended_code()?;
    if primary(code) != CONSTRAINT {
        return None;
    }
    let text = error.to_string();
    let after_code = text
        .split_once("(code: ")
        .and_then(|(_, it)| it.split_once(") "));
    Some(
        after_code
            .map_or(text.as_str(), |(_, said)| said)
            .to_owned(),
    )
}

/// Turns a database error into a store error, keeping it as the source.
pub(crate) fn failed(doing: impl Into<Cow<'static, str>>, error: impl SqliteFailure) -> StoreError {
    let doing = doing.into();
    let reported = match error.extended_code() {
        _ if error.is_without_connection() => StoreError::new(StoreFault::NoConnection, doing),
        Some(code) if primary(code) == CANNOT_OPEN && is_out_of_descriptors() => {
            StoreError::new(StoreFault::Io, format!("{doing}: too many files are open"))
        }
        code => StoreError::new(code.map_or(StoreFault::Io, kind_of_code), doing),
    };
    reported.with_source(error)
}

/// The error of a row that cannot be read. It names the location, never the payload.
pub(crate) fn corrupt(table: &str, key: &str, column: &str) -> StoreError {
    StoreError::new(
        StoreFault::Corrupt,
        format!("read column {column} of {table} row {key:?}"),
    )
}

/// A store that was closed, or whose thread ended.
pub(crate) fn closed(doing: &'static str) -> StoreError {
    StoreError::new(StoreFault::Closed, doing)
}

/// Code of the app panicked: its wall clock, or its tracing subscriber.
pub(crate) fn panicked(doing: &'static str) -> StoreError {
    StoreError::new(StoreFault::Panicked, doing)
}

/// The primary result code, of which the extended one is made.
pub(crate) fn primary(extended_code: u32) -> u32 {
    extended_code & 0xff
}

/// `SQLITE_BUSY`.
const BUSY: u32 = 5;

/// `SQLITE_NOTADB`.
pub(crate) const NOT_A_DATABASE: u32 = 26;

/// `SQLITE_CONSTRAINT`.
const CONSTRAINT: u32 = 19;

/// `SQLITE_CANTOPEN`.
const CANNOT_OPEN: u32 = 14;

/// What a connection needs at most: the file, its WAL and that one's index, a
/// journal, and the folder to sync.
const DESCRIPTORS_OF_A_CONNECTION: usize = 5;

/// Whether a file could not be opened for lack of descriptors, not of rights. SQLite does not say
/// which, and the failed attempt has closed its files again, so this tries whether enough
/// descriptors are free.
fn is_out_of_descriptors() -> bool {
    /// `ENFILE` and `EMFILE`, the same numbers on every Unix.
    const TOO_MANY_OPEN_FILES: [i32; 2] = [23, 24];
    let opened = (0..DESCRIPTORS_OF_A_CONNECTION).map(|_| File::open("/dev/null"));
    let opened: std::io::Result<Vec<_>> = opened.collect();
    let error = opened.err().and_then(|error| error.raw_os_error());
    cfg!(unix) && error.is_some_and(|code| TOO_MANY_OPEN_FILES.contains(&code))
}

/// `SQLITE_READONLY_ROLLBACK`: a transaction was left half-way, and a connection
/// that may not write cannot roll it back.
pub(crate) const READ_ONLY_ROLLBACK: u32 = 776;

/// `SQLITE_READONLY_DBMOVED`: the file was moved, deleted or replaced since it was opened.
pub(crate) const DATABASE_MOVED: u32 = 1032;

fn kind_of_code(extended_code: u32) -> StoreFault {
    if extended_code == DATABASE_MOVED {
        return StoreFault::Moved;
    }
    match primary(extended_code) {
        BUSY | 6 => StoreFault::Locked,
        // The file exists or its folder does, so if it cannot be opened, what is
        // missing is the right to write there.
        8 | CANNOT_OPEN => StoreFault::ReadOnly,
        13 => StoreFault::Full,
        11 | NOT_A_DATABASE => StoreFault::Corrupt,
        _ => StoreFault::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_apps_driver_is_read_from_its_text() {
        let busy = "Execution Error: error returned from database: (code: 517) database is locked";
        let error = DbErr::Custom(busy.to_owned());
        assert_eq!(error.extended_code(), Some(517));
        let error = failed("write", error);
        assert_eq!(error.fault(), StoreFault::Locked);
        assert_eq!(extended_code(&error), Some(517));
        assert_eq!(DbErr::RecordNotInserted.extended_code(), None);
        let waited = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        assert_eq!(failed("write", waited).fault(), StoreFault::NoConnection);
        let moved = "(code: 1032) attempt to write a readonly database";
        let moved = failed("write", DbErr::Custom(moved.to_owned()));
        assert_eq!(moved.fault(), StoreFault::Moved);
    }

    #[test]
    fn a_constraint_is_named_and_a_lock_is_none() {
        let said = |text: &str| {
            let error = failed("write", DbErr::Custom(text.to_owned()));
            refused_by_constraint(&error)
        };
        let check = "error returned from database: (code: 275) CHECK constraint failed: a (b) ";
        let named = said(check).unwrap();
        assert_eq!(named, "CHECK constraint failed: a (b) ");
        assert_eq!(said("(code: 5) database is locked"), None);
        assert_eq!(said("pool timed out"), None);
    }
}
