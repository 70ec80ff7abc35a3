//! A table in memory, to try what a table of the same definition takes.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sync_log_core::StoreError;

use super::failure::failed;

/// Makes the table of another program that `definition` describes, as SQLite keeps it in
/// `sqlite_master`. The text is not reported, because it is not this crate's.
pub(crate) fn table_in_memory(definition: &str) -> Result<Connection, StoreError> {
    let made = Connection::open_in_memory().and_then(|db| {
        // As on the connection that writes.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        db.execute(definition, [])?;
        Ok(db)
    });
    made.map_err(|error| failed("try a table of another program", error))
}
