//! Which tables a database has.

use sync_log_core::StoreError;

use super::{Port, number, texts};
use crate::driver::raw::catalogue::{COLUMNS, TABLES, TABLES_NAMED};

/// The names of all tables and views, in lower case.
pub(crate) async fn names(db: &impl Port) -> Result<Vec<String>, StoreError> {
    texts(db, &TABLES, &[], ("sqlite_master", "name")).await
}

/// Whether there is a table of this name.
pub(crate) async fn has(db: &impl Port, name: &str) -> Result<bool, StoreError> {
    Ok(number(db, &TABLES_NAMED, &[name.into()]).await? != 0)
}

/// The names of a table's columns; none if there is no such table.
pub(crate) async fn columns(db: &impl Port, table: &str) -> Result<Vec<String>, StoreError> {
    texts(db, &COLUMNS, &[table.into()], (table, "name")).await
}
