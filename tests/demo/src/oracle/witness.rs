//! What the files of one device say, read by plain SQL.
//!
//! Connections of the oracle's own, read-only, and let go of before the device
//! restarts, so that its program opens its files as it would alone.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::database;

/// A record: model and UUID.
pub(super) type RecordKey = (String, String);

/// One version of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) hlc: String,
    /// Whether it is a tombstone.
    pub(super) deleted: bool,
    /// The record, byte for byte; none in a tombstone.
    pub(super) data: Option<String>,
}

/// The files of one device.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) number: u8,
    pub(super) id: String,
    folder: PathBuf,
    log: OnceCell<Connection>,
    records: OnceCell<Connection>,
}

impl Witness {
    /// A witness of the library in `folder`. Nothing is opened yet.
    pub(super) fn new(number: u8, id: String, folder: &Path) -> Self {
        Self {
            number,
            id,
            folder: folder.to_owned(),
            log: OnceCell::new(),
            records: OnceCell::new(),
        }
    }

    /// Closes its connections; they are opened again when something is asked.
    pub(super) fn let_go(&mut self) {
        self.log.take();
        self.records.take();
    }

    /// The stamps of all entries in the log, ascending.
    pub(super) fn pending(&self) -> rusqlite::Result<Vec<String>> {
        let mut select = self
            .log()?
            .prepare_cached("SELECT hlc FROM shared_changes ORDER BY hlc")?;
        select.query_map([], |row| row.get(0))?.collect()
    }

    /// How many entries the log holds.
    pub(super) fn log_length(&self) -> rusqlite::Result<u32> {
        let mut select = self
            .log()?
            .prepare_cached("SELECT count(*) FROM shared_changes")?;
        select.query_row([], |row| row.get(0))
    }

    /// Whether the device has applied that entry of `origin`.
    pub(super) fn has_applied(&self, origin: &str, hlc: &str) -> rusqlite::Result<bool> {
        let mut select = self
            .records()?
            .prepare_cached("SELECT 1 FROM applied WHERE origin = ?1 AND hlc = ?2")?;
        select.exists([origin, hlc])
    }

    /// The highest stamp of `origin` that the device has applied.
    pub(super) fn highest_applied(&self, origin: &str) -> rusqlite::Result<Option<String>> {
        let mut select = self
            .records()?
            .prepare_cached("SELECT max(hlc) FROM applied WHERE origin = ?1")?;
        select.query_row([origin], |row| row.get(0))
    }

    /// Everything the device has applied, origin and stamp, with how often.
    pub(super) fn applied(&self) -> rusqlite::Result<BTreeMap<(String, String), u32>> {
        let mut select = self
            .records()?
            .prepare("SELECT origin, hlc, count(*) FROM applied GROUP BY origin, hlc")?;
        let row = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
        select.query_map([], row)?.collect()
    }

    /// All records of the device.
    pub(super) fn versions(&self) -> rusqlite::Result<BTreeMap<RecordKey, Version>> {
        let mut select = self
            .records()?
            .prepare("SELECT model_type, record_uuid, hlc, deleted, data FROM records")?;
        let row = |row: &rusqlite::Row<'_>| {
            let version = Version {
                hlc: row.get(2)?,
                deleted: row.get(3)?,
                data: row.get(4)?,
            };
            Ok(((row.get(0)?, row.get(1)?), version))
        };
        select.query_map([], row)?.collect()
    }

    fn log(&self) -> rusqlite::Result<&Connection> {
        opened(&self.log, &self.folder.join(LOG_FILE))
    }

    fn records(&self) -> rusqlite::Result<&Connection> {
        opened(&self.records, &self.folder.join(database::FILE))
    }
}

/// Name of the log's file in the library's folder.
const LOG_FILE: &str = "sync.db";

fn opened<'a>(
    connection: &'a OnceCell<Connection>,
    path: &Path,
) -> rusqlite::Result<&'a Connection> {
    if let Some(connection) = connection.get() {
        return Ok(connection);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let new = Connection::open_with_flags(path, flags)?;
    Ok(connection.get_or_init(|| new))
}
