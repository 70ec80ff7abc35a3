//! Connections, with the pragmas that the contract rests on.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use sync_log_core::{StoreError, StoreFault, Uuid};

use crate::driver::failure::failed;
use crate::driver::raw::pragma::{
    FULL, JOURNAL_MODE, SET_AUTO_VACUUM, SET_FULL, SET_FULLFSYNC, SET_QUERY_ONLY, SET_TEMP_STORE,
    SET_WAL, SYNCHRONOUS,
};
use crate::driver::{Busy, Port, Row, Template, first, in_place, one};

/// What an error calls a database in memory.
pub(crate) const IN_MEMORY: &str = ":memory:";

/// SQLite's name for its file system in memory.
const MEMORY_VFS: &str = "memdb";

/// Statements that a connection keeps prepared: more than there are.
const PREPARED: usize = 64;

/// Where a database is.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// A file.
    File(PathBuf),
    /// Memory, under a name that the connections of this process share. It is freed when the
    /// last of them is closed.
    Memory(String),
}

impl Location {
    /// A database in memory under a name of its own.
    pub(crate) fn in_memory() -> Self {
        Self::Memory(format!("/sync-log-{}", Uuid::new_v4()))
    }

    /// What to call it in an error.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Memory(_) => Path::new(IN_MEMORY),
        }
    }

    /// Opens it. SQLite takes names for paths here and never for URLs, and leaves
    /// it to us to use a connection from one thread at a time.
    fn open(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::File(path) => Connection::open_with_flags(path, flags),
            Self::Memory(name) => Connection::open_with_flags_and_vfs(name, flags, MEMORY_VFS),
        }
    }
}

/// The connection that makes a file, or fills one that is empty, and then writes to it.
pub(crate) fn maker(location: &Location, busy: Busy) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let is_made = matches!(location, Location::File(path) if !path.exists());
    let db = location.open(flags).and_then(|db| ready(db, busy));
    let db = db.map_err(|error| failed("make the file", error))?;
    if is_made {
        make_private(location.path())?;
    }
    // Before there is a table, and before the file is in WAL mode.
    set(&db, &SET_AUTO_VACUUM)?;
    set_wal(&db)?;
    to_write(db)
}

/// Lets only this user read a file that was made, and with it what SQLite makes beside it: entries
/// are private.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode)
        .map_err(|error| StoreError::from(error).while_doing("make the file private"))
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The `journal_mode` of a file with a write-ahead log.
pub(crate) const WAL: &str = "wal";

/// The journal mode that the file is in.
pub(crate) fn journal_mode(db: &Connection) -> Result<String, StoreError> {
    let mode = |row: &Row<'_>| Ok(row.text(0).unwrap_or_default().into_owned());
    in_place(one(db, &JOURNAL_MODE, &[], mode))
}

/// Switches the file to a write-ahead log, which outlasts the connection. Where the file system
/// cannot share memory between processes, SQLite leaves the file in its mode, and reports no error.
pub(crate) fn set_wal(db: &Connection) -> Result<(), StoreError> {
    set(db, &SET_WAL)
}

/// The one connection that writes, to a file that is there. The file stays in its journal mode.
pub(crate) fn writer(location: &Location, busy: Busy) -> Result<Connection, StoreError> {
    to_write(bystander(location, busy)?)
}

fn to_write(db: Connection) -> Result<Connection, StoreError> {
    set(&db, &SET_FULL)?;
    set(&db, &SET_FULLFSYNC)?;
    // To make or to adopt a log must not need a folder for temporary files.
    set(&db, &SET_TEMP_STORE)?;
    // Triggers of other programs count on what those know, and what other tables refer to is
    // not ours to change.
    for config in [
        DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
        DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
    ] {
        db.set_db_config(config, false)
            .map_err(|error| failed("connect for writing", error))?;
    }
    verify_synchronous(&db)?;
    Ok(db)
}

/// Some settings answer with what they are now.
fn set(db: &Connection, setting: &Template) -> Result<(), StoreError> {
    in_place(first(db, setting, &[], |_| Ok(()))).map(drop)
}

/// `A3` depends on this one setting, so the setting is read back.
fn verify_synchronous(db: &Connection) -> Result<(), StoreError> {
    let synchronous = in_place(first(db, &SYNCHRONOUS, &[], |row| Ok(row.integer(0))))?;
    match synchronous.flatten() {
        Some(FULL) => Ok(()),
        other => {
            let is = other.map_or_else(|| "unknown".to_owned(), |other| other.to_string());
            let doing = format!("make commits durable: `synchronous` is {is}, not {FULL}");
            Err(StoreError::new(StoreFault::Io, doing))
        }
    }
}

/// A connection that only reads.
pub(crate) fn reader(location: &Location, busy: Busy) -> Result<Connection, StoreError> {
    let db = bystander(location, busy)?;
    in_place(db.run(&SET_QUERY_ONLY, &[]))?;
    Ok(db)
}

/// A connection that cannot change the file.
pub(crate) fn read_only(location: &Location, busy: Busy) -> Result<Connection, StoreError> {
    let db = location.open(OpenFlags::SQLITE_OPEN_READ_ONLY);
    db.and_then(|db| ready(db, busy))
        .map_err(|error| failed("connect for reading only", error))
}

/// A connection that may write, and does not by itself. It makes no file.
pub(crate) fn bystander(location: &Location, busy: Busy) -> Result<Connection, StoreError> {
    let db = location.open(OpenFlags::SQLITE_OPEN_READ_WRITE);
    db.and_then(|db| ready(db, busy))
        .map_err(|error| failed("connect", error))
}

fn ready(db: Connection, busy: Busy) -> rusqlite::Result<Connection> {
    db.busy_timeout(busy.timeout())?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    Ok(db)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "a test looks at files past the product"
    )]

    use super::*;

    #[test]
    fn the_writing_connection_syncs_at_every_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        Connection::open(&path).unwrap();
        let db = writer(&Location::File(path), Busy::NOT).unwrap();
        assert_ne!(journal_mode(&db).unwrap(), WAL);
        set_wal(&db).unwrap();
        assert_eq!(journal_mode(&db).unwrap(), WAL);
        let pragma = |name: &str| -> String {
            let value = db.pragma_query_value(None, name, |row| row.get(0));
            let value: rusqlite::types::Value = value.unwrap();
            format!("{value:?}")
        };
        assert_eq!(pragma("synchronous"), format!("Integer({FULL})"));
        assert_eq!(pragma("fullfsync"), "Integer(1)");
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    }

    #[test]
    fn the_writing_connection_needs_no_folder_for_temporary_files() {
        const IN_MEMORY: i64 = 2;
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("sync.db"));
        let temp_store = |db: &Connection| -> i64 {
            let value = db.pragma_query_value(None, "temp_store", |row| row.get(0));
            value.unwrap()
        };
        let made = maker(&location, Busy::NOT).unwrap();
        assert_eq!(temp_store(&made), IN_MEMORY);
        assert_eq!(
            temp_store(&writer(&location, Busy::NOT).unwrap()),
            IN_MEMORY
        );
    }

    #[test]
    fn a_connection_that_does_not_sync_is_refused() {
        let db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "synchronous", "NORMAL").unwrap();
        let refused = verify_synchronous(&db).unwrap_err().to_string();
        assert!(refused.contains("`synchronous` is 1"), "{refused}");
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        verify_synchronous(&db).unwrap();
    }

    #[test]
    fn locations_in_memory_are_apart() {
        let busy = Busy::NOT;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let (one, other) = (Location::in_memory(), Location::in_memory());
        let db = one.open(flags).unwrap();
        db.execute_batch("CREATE TABLE t (x)").unwrap();
        let tables = |location: &Location| {
            let reader = ready(location.open(flags).unwrap(), busy).unwrap();
            let sql = "SELECT COUNT(*) FROM sqlite_master";
            reader
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!((tables(&one), tables(&other)), (1, 0));
    }
}
