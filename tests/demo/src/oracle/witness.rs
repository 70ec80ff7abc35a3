//! What the files of one device say, read by plain SQL.
//!
//! Connections of the oracle's own, read-only, and let go of before the device
//! restarts, so that its program opens its files as it would alone.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use uuid::Uuid;

use crate::args::Layout;
use crate::{folder, record};

/// The UUID of a record.
pub(super) type RecordKey = String;

/// One version of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) hlc: String,
    /// What the app's table shows of it; nothing of a tombstone.
    pub(super) row: Option<record::Model>,
}

/// The files of one device.
#[derive(Debug)]
pub(crate) struct Files {
    database: PathBuf,
    /// The file that holds the log.
    log: PathBuf,
}

impl Files {
    /// Those of a library in `folder`.
    pub(crate) fn in_library(folder: &Path, layout: Layout) -> Self {
        let log = match layout {
            Layout::Outbox => folder::LOG,
            Layout::Attached => folder::DATABASE,
        };
        Self {
            database: folder.join(folder::DATABASE),
            log: folder.join(log),
        }
    }
}

/// The oracle's view of one device.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) number: u8,
    pub(super) id: String,
    files: Files,
    log: OnceCell<Connection>,
    database: OnceCell<Connection>,
}

/// The stamps of records, and the rows that the app's table shows.
const VERSIONS: &str = "
SELECT coalesce(record_uuid, hex(id)) AS record, coalesce(hlc, 'no stamp') AS hlc,
    id, model, name, shown.data
FROM sync_log_versions FULL JOIN records AS shown ON id = unhex(record_uuid, '-')";

/// The same of one record.
const VERSION: &str = "
SELECT hlc, id, model, name, shown.data
FROM sync_log_versions LEFT JOIN records AS shown ON id = unhex(record_uuid, '-')
WHERE model_type = 'record' AND record_uuid = ?1";

impl Witness {
    /// A witness of the device with these files. Nothing is opened yet.
    pub(super) fn new(number: u8, id: String, files: Files) -> Self {
        Self {
            number,
            id,
            files,
            log: OnceCell::new(),
            database: OnceCell::new(),
        }
    }

    /// Closes its connections; they are opened again when something is asked.
    pub(super) fn let_go(&mut self) {
        self.log.take();
        self.database.take();
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

    /// One record of the device.
    pub(super) fn version(&self, record: &RecordKey) -> rusqlite::Result<Option<Version>> {
        let mut select = self.database()?.prepare_cached(VERSION)?;
        select.query_row([record], version).optional()
    }

    /// All records of the device.
    pub(super) fn versions(&self) -> rusqlite::Result<BTreeMap<RecordKey, Version>> {
        let mut select = self.database()?.prepare(VERSIONS)?;
        let versions = select.query_map([], |row| Ok((row.get("record")?, version(row)?)))?;
        versions.collect()
    }

    fn log(&self) -> rusqlite::Result<&Connection> {
        opened(&self.log, &self.files.log)
    }

    fn database(&self) -> rusqlite::Result<&Connection> {
        opened(&self.database, &self.files.database)
    }
}

fn version(row: &rusqlite::Row<'_>) -> rusqlite::Result<Version> {
    let id: Option<[u8; 16]> = row.get("id")?;
    let shown = match id {
        None => None,
        Some(id) => Some(record::Model {
            id: Uuid::from_bytes(id),
            model: row.get("model")?,
            name: row.get("name")?,
            data: row.get("data")?,
        }),
    };
    Ok(Version {
        hlc: row.get("hlc")?,
        row: shown,
    })
}

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
