//! Transactions and whole files.

use super::Raw;
use crate::driver::Template;

/// Begins a transaction that takes each lock when it is needed.
pub(crate) static BEGIN: Raw = Raw::new(|| Template::raw("begin to read", "BEGIN", 0));

/// Begins a transaction with the write lock.
pub(crate) static BEGIN_IMMEDIATE: Raw =
    Raw::new(|| Template::raw("take the write lock", "BEGIN IMMEDIATE", 0));

/// Ends a transaction for good.
pub(crate) static COMMIT: Raw = Raw::new(|| Template::raw("commit", "COMMIT", 0));

/// Ends a transaction without what it wrote.
pub(crate) static ROLLBACK: Raw = Raw::new(|| Template::raw("roll back", "ROLLBACK", 0));

/// Begins what the app's driver ends in place of a transaction that has ended. It has the name of the
/// savepoint that the driver releases if it counts one transaction too many.
pub(crate) static STAND_IN: Raw =
    Raw::new(|| Template::raw("end a transaction", "SAVEPOINT _sqlx_savepoint_1", 0));

/// Rebuilds the file without free pages.
pub(crate) static REBUILD: Raw = Raw::new(|| Template::raw("rebuild the file", "VACUUM", 0));

/// Copies the database to a new file, whose path is the argument.
pub(crate) static VACUUM_INTO: Raw =
    Raw::new(|| Template::raw("copy the file", "VACUUM INTO ?1", 1));

/// Begins a part of a transaction that can be undone by itself.
pub(crate) static SAVEPOINT: Raw = Raw::new(|| {
    let text = "SAVEPOINT sync_log_records";
    Template::raw("set a savepoint", text, 0)
});

/// Undoes what was written since the savepoint, which stays.
pub(crate) static BACK_TO_SAVEPOINT: Raw = Raw::new(|| {
    let text = "ROLLBACK TO sync_log_records";
    Template::raw("roll back to a savepoint", text, 0)
});

/// Ends the part that began with the savepoint. What it wrote belongs to the transaction.
pub(crate) static RELEASE_SAVEPOINT: Raw = Raw::new(|| {
    let text = "RELEASE sync_log_records";
    Template::raw("release a savepoint", text, 0)
});
