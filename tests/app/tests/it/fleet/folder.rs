//! The files of a device.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use sync_log_sqlite::FILE_NAME;
use tempfile::TempDir;

use crate::common::database::database;

/// The memory that the machine shows as a folder: a sync is quick there, and a commit otherwise the same.
const IN_MEMORY: &str = "/dev/shm";

/// A new folder.
pub(crate) fn new() -> TempDir {
    let made = tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir());
    made.unwrap()
}

/// Copies the files of both databases, as a process leaves them that is killed. The index of a `-wal` is
/// left out: SQLite makes it again. A journal is copied before its database, so that the copy of the
/// journal has everything that is brought into the database meanwhile.
pub(crate) fn copy(folder: &Path) -> TempDir {
    let copy = new();
    for name in ["app.db", FILE_NAME] {
        for suffix in ["-journal", "-wal", ""] {
            let name = format!("{name}{suffix}");
            let from = folder.join(&name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(&name)).unwrap();
            }
        }
    }
    copy
}

/// What another program does to the app's database while it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// It writes, so that no transaction can begin to write.
    Write,
    /// It reads, so that none can commit, unless commits go to a `-wal`.
    Read,
}

/// Holds a lock until the connection is dropped; `None` if another connection has one that excludes it.
pub(crate) fn try_to_hold(folder: &Path, lock: Lock) -> Option<Connection> {
    let other = Connection::open(database(folder)).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    let begin = match lock {
        Lock::Write => "BEGIN IMMEDIATE",
        Lock::Read => "BEGIN; SELECT count(*) FROM tag",
    };
    other.execute_batch(begin).ok().map(|()| other)
}
