//! Transactions on a connection of this crate's own.

use std::thread::panicking;

use rusqlite::Connection;
use sync_log_core::StoreError;

use super::in_place;
use super::{Busy, Port};
use crate::driver::raw::transaction::{BEGIN, BEGIN_IMMEDIATE, COMMIT, ROLLBACK};

/// A transaction; rolled back unless it is ended.
pub(crate) struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    /// Begins to read: all statements see what the first one saw.
    pub(crate) fn read(db: &'a Connection) -> Result<Self, StoreError> {
        in_place(db.run(&BEGIN, &[]))?;
        Ok(Self(db))
    }

    /// Begins with the write lock, for which SQLite waits at most `busy`. A transaction that
    /// reads first and then writes fails at once when another writer was faster, whatever
    /// the busy timeout says.
    pub(crate) fn write(db: &'a Connection, busy: Busy) -> Result<Self, StoreError> {
        let begun = in_place(db.run(&BEGIN_IMMEDIATE, &[]));
        begun.map_err(|error| error.while_doing(format!("take the write lock within {busy}")))?;
        Ok(Self(db))
    }

    /// Ends it, and makes what was written durable.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        in_place(self.0.run(&COMMIT, &[])).map(drop)
    }
}

/// Rolls back what was not committed. If SQLite has done so by itself, as it does when the disk is
/// full, there is no transaction left.
///
/// The statement is not reported: a subscriber that panics may be why this is dropped.
impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.0.is_autocommit() {
            return;
        }
        let rolled_back = in_place::run_unreported(self.0, &ROLLBACK);
        if let Err(error) = rolled_back
            && !panicking()
        {
            tracing::warn!(%error, "failed to roll back");
        }
    }
}
