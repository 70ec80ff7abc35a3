//! What SeaORM and SQLite report, as the kinds that a caller can act on.

use std::borrow::Cow;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};
use sync_log_core::{StoreError, StoreErrorKind};

/// Turns a database error into a store error, keeping it as the source.
pub(crate) fn failed(doing: impl Into<Cow<'static, str>>, error: DbErr) -> StoreError {
    StoreError::new(kind(&error), doing).with_source(error)
}

/// A row that cannot be read. Names the place, never the payload.
pub(crate) fn corrupt(table: &str, key: &str, column: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        format!("read column {column} of {table} row {key:?}"),
    )
}

fn kind(error: &DbErr) -> StoreErrorKind {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => StoreErrorKind::Closed,
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreErrorKind::Locked,
        _ => sqlite_code(error).map_or(StoreErrorKind::Io, kind_of_code),
    }
}

/// SQLite's primary result code, see <https://www.sqlite.org/rescode.html>.
pub(crate) fn sqlite_code(error: &DbErr) -> Option<u32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let SqlxError::Database(error) = error.as_ref() else {
        return None;
    };
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}

/// `SQLITE_NOTADB`.
pub(crate) const NOT_A_DATABASE: u32 = 26;

fn kind_of_code(code: u32) -> StoreErrorKind {
    match code {
        5 | 6 => StoreErrorKind::Locked,
        // 14 is "cannot open": the file exists or its folder does, so what is
        // missing is the right to write there.
        8 | 14 => StoreErrorKind::ReadOnly,
        13 => StoreErrorKind::Full,
        11 | NOT_A_DATABASE => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Io,
    }
}
