//! What a file holds, read by plain SQL, as a program would that knows only
//! the tables.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sync_log_sqlite::parse_uuid;
use sync_log_sqlite::{FILE_NAME, Hlc, SharedChangeEntry, Tag, Uuid};

/// Files that are one log together; the shared memory is not one of them,
/// because it does not survive the machine.
const PARTS: [&str; 2] = ["", "-wal"];

/// A log in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Whose it is, and which.
    pub identity: [Uuid; 3],
    /// `sync_log_state`.
    pub state: State,
    /// `shared_changes`.
    pub entries: BTreeMap<Hlc, SharedChangeEntry>,
    /// `peer_acks` with `sync_log_peers`.
    pub peers: BTreeMap<Uuid, PeerRow>,
}

/// Where a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub head: Hlc,
    pub floor: Hlc,
    pub floor_tag: Tag,
    /// Highest stamp ever issued or observed.
    pub high_water: Hlc,
    /// Highest stamp when the log was given its id.
    pub settled: Hlc,
}

/// How far a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerRow {
    pub acked: Hlc,
    /// Where pruning holds, if it read below that.
    pub hold: Option<Hlc>,
}

impl PeerRow {
    /// What pruning may rely on.
    pub fn position(&self) -> Hlc {
        self.hold.unwrap_or(self.acked)
    }
}

/// Copies the log in `from` without what only the running machine had.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for part in PARTS {
        let name = format!("{FILE_NAME}{part}");
        let (from, to) = (from.join(&name), to.join(&name));
        if from.exists() {
            std::fs::copy(from, to)?;
        } else if to.exists() {
            std::fs::remove_file(to)?;
        }
    }
    Ok(())
}

/// Removes the folder of a log, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Opens the file for writing, so that SQLite recovers what a crash left; on
/// closing it leaves the files as they are, for somebody to look at.
pub fn recover(folder: &Path) -> Result<Connection> {
    let connection = Connection::open(folder.join(FILE_NAME))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Reads the log in `folder`; `None` if there is none, not a part of one.
pub fn read(folder: &Path) -> Result<Option<LogFile>> {
    if !folder.join(FILE_NAME).exists() {
        return Ok(None);
    }
    let connection = recover(folder)?;
    match refuse_parts(&connection, 0)? {
        0 => Ok(None),
        _ => Ok(Some(log(&connection)?)),
    }
}

/// How many parts of a log are there: as many as at first, or all of them.
pub(crate) fn refuse_parts(connection: &Connection, at_first: i64) -> Result<i64> {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "integrity_check says {verdict}");
    let parts = log_tables(connection)?;
    let is_whole = parts == at_first || parts == TABLES;
    ensure!(is_whole, "{parts} of {TABLES} parts of a log");
    Ok(parts)
}

/// Tables and indexes of a whole log, but those that SQLite makes by itself.
const TABLES: i64 = 11 + 4;

fn log_tables(connection: &Connection) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'sync\\_log\\_%' ESCAPE '\\' \
               OR name LIKE 'idx\\_%' ESCAPE '\\' OR name IN ('shared_changes', 'peer_acks')";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn log(connection: &Connection) -> Result<LogFile> {
    Ok(LogFile {
        identity: identity(connection)?,
        state: state(connection)?,
        entries: entries(connection)?,
        peers: peers(connection)?,
    })
}

fn identity(connection: &Connection) -> Result<[Uuid; 3]> {
    let sql = "SELECT library_id, device_id, log_id FROM sync_log_identity";
    let texts = connection.query_row(sql, [], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get::<_, String>(2)?])
    });
    let [library, device, log] = texts.context("failed to read the identity")?;
    Ok([uuid(&library)?, uuid(&device)?, uuid(&log)?])
}

fn state(connection: &Connection) -> Result<State> {
    let sql = "SELECT head, floor, floor_tag, high_water, settled FROM sync_log_state";
    let texts = connection.query_row(sql, [], |row| {
        Ok([
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get::<_, String>(4)?,
        ])
    });
    let [head, floor, floor_tag, high_water, settled] =
        texts.context("failed to read the state")?;
    Ok(State {
        head: head.parse()?,
        floor: floor.parse()?,
        floor_tag: floor_tag.parse()?,
        high_water: high_water.parse()?,
        settled: settled.parse()?,
    })
}

fn entries(connection: &Connection) -> Result<BTreeMap<Hlc, SharedChangeEntry>> {
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data, model_version, group_end \
               FROM shared_changes JOIN sync_log_entries USING (hlc)";
    let mut query = connection.prepare(sql)?;
    let mut rows = query.query([])?;
    let mut entries = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text = |column| row.get::<_, String>(column);
        let hlc = text(0)?.parse()?;
        let entry = SharedChangeEntry {
            hlc,
            model_type: text(1)?,
            record_uuid: uuid(&text(2)?)?,
            change_type: text(3)?.parse()?,
            data: sync_log_sqlite::JsonText::new(text(4)?)?,
            model_version: row.get(5)?,
            group_end: row.get(6)?,
        };
        entries.insert(hlc, entry);
    }
    Ok(entries)
}

/// Every peer has a row in both tables, and the rows agree. Every peer is active: these runs
/// retire none.
fn peers(connection: &Connection) -> Result<BTreeMap<Uuid, PeerRow>> {
    let sql = "SELECT a.peer_device_id, p.acked, p.hold, p.state, a.last_acked_hlc \
               FROM peer_acks AS a FULL JOIN sync_log_peers AS p USING (peer_device_id)";
    let mut query = connection.prepare(sql)?;
    let mut rows = query.query([])?;
    let mut peers = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text = |column| row.get::<_, String>(column);
        let peer = text(0).context("a peer without a row in peer_acks")?;
        let state = text(3).context("a peer without a row in sync_log_peers")?;
        ensure!(state == "active", "peer {peer} is {state}");
        ensure!(
            text(4)? == text(1)?,
            "peer {peer} has another ack in peer_acks"
        );
        let hold: Option<String> = row.get(2)?;
        let found = PeerRow {
            acked: text(1)?.parse()?,
            hold: hold.map(|hold| hold.parse()).transpose()?,
        };
        peers.insert(uuid(&peer)?, found);
    }
    Ok(peers)
}

fn uuid(text: &str) -> Result<Uuid> {
    parse_uuid(text).with_context(|| format!("{text:?} is not the id of anything"))
}
