//! The one place where a statement is prepared.

use rusqlite::{CachedStatement, Connection};

/// Prepares a statement, or takes it from those that the connection keeps.
/// Statements are told at the level `TRACE`; values are never told.
pub(crate) fn prepare<'a>(db: &'a Connection, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
    tracing::trace!(sql, "statement");
    db.prepare_cached(sql)
}
