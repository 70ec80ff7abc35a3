//! A file of the shipped store, looked at through another connection.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;
use sync_log_core::{Birth, Hlc, JsonText, LogStore, SharedChangeEntry, Tag, Uuid, VerdictKind};
use sync_log_sqlite::{DEFAULT_BUSY_TIMEOUT, FILE_NAME, SqliteStore};
use tempfile::TempDir;

use super::{Dump, Foreign, Marks, OTHER_MODEL, PeerMark, Sign, Storage};
use crate::engine::Engine;

/// How often a watch looks for what the other process committed.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// When another program says that it wrote: [`START_MS`](crate::trace::START_MS).
const WRITTEN_AT: &str = "2023-11-14T22:13:20+00:00";

/// The tables that an earlier program makes.
const ORIGINAL_TABLES: &str = "
CREATE TABLE shared_changes (
    hlc TEXT PRIMARY KEY,
    model_type TEXT NOT NULL,
    record_uuid TEXT NOT NULL,
    change_type TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE peer_acks (
    peer_device_id TEXT PRIMARY KEY,
    last_acked_hlc TEXT NOT NULL,
    acked_at TEXT NOT NULL
);
";

pub(crate) struct SqliteFile {
    engine: Rc<Engine>,
    folder: TempDir,
    library_id: Uuid,
    device_id: Uuid,
    /// Kept open between two looks; never while the file is copied.
    raw: RefCell<Option<Connection>>,
}

impl SqliteFile {
    /// A file that is made when the wall clock of the device reads `wall_ms`.
    pub(crate) fn create(
        engine: Rc<Engine>,
        (library_id, device_id): (Uuid, Uuid),
        wall_ms: i64,
        birth: Birth,
    ) -> Result<Self> {
        let file = Self::in_new_folder(engine, library_id, device_id)?;
        let store = file.open_born(birth, wall_ms)?;
        file.engine.finish(store.close())?;
        Ok(file)
    }

    /// A file that an earlier program made, which is still empty.
    pub(crate) fn of_earlier_program(
        engine: Rc<Engine>,
        library_id: Uuid,
        device_id: Uuid,
    ) -> Result<Self> {
        let file = Self::in_new_folder(engine, library_id, device_id)?;
        file.raw(|raw| Ok(raw.execute_batch(ORIGINAL_TABLES)?))?;
        Ok(file)
    }

    fn in_new_folder(engine: Rc<Engine>, library_id: Uuid, device_id: Uuid) -> Result<Self> {
        Ok(Self {
            engine,
            folder: tempfile::tempdir().context("failed to make a folder")?,
            library_id,
            device_id,
            raw: RefCell::default(),
        })
    }

    fn open_born(&self, birth: Birth, now_ms: i64) -> Result<SqliteStore> {
        let (library_id, device_id) = (self.library_id, self.device_id);
        let (folder, busy) = (self.folder.path(), DEFAULT_BUSY_TIMEOUT);
        let opening = SqliteStore::open(folder, library_id, device_id, birth, busy, now_ms);
        Ok(self.engine.finish(opening)?)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FILE_NAME)
    }

    fn raw<T>(&self, look: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut raw = self.raw.borrow_mut();
        match &mut *raw {
            Some(raw) => look(raw),
            closed => look(closed.insert(Connection::open(self.path())?)),
        }
    }
}

impl Storage for SqliteFile {
    fn open(&self, now_ms: i64) -> Result<Arc<dyn LogStore>> {
        let store = self.open_born(Birth::Alone, now_ms)?;
        Ok(Arc::new(store.poll_interval(POLL_INTERVAL)))
    }

    fn copy(&self) -> Result<Box<dyn Storage>> {
        let rest = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.raw(|raw| Ok(raw.query_row(rest, [], |_| Ok(()))?))?;
        drop(self.raw.take());
        let copy = Self::in_new_folder(Rc::clone(&self.engine), self.library_id, self.device_id)?;
        std::fs::copy(self.path(), copy.path()).context("failed to copy a log")?;
        Ok(Box::new(copy))
    }

    fn dump(&self) -> Result<Dump> {
        self.raw(|raw| {
            let mut marks = marks(raw)?;
            marks.peers = peers(raw)?;
            marks.signs = signs(raw)?;
            let entries = entries(raw)?;
            let log_id = "SELECT log_id FROM sync_log_identity";
            let log_id: String = raw.query_row(log_id, [], |row| row.get(0))?;
            Ok(Dump {
                log_id: log_id.parse()?,
                marks,
                entries,
            })
        })
    }

    fn write(&self, foreign: &Foreign) -> Result<()> {
        self.raw(|raw| write(raw, foreign))
    }
}

fn write(raw: &Connection, foreign: &Foreign) -> Result<()> {
    match foreign {
        Foreign::Insert(entry) => {
            let sql = "INSERT INTO shared_changes VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let row = (
                entry.hlc.to_string(),
                &entry.model_type,
                entry.record_uuid.to_string(),
                entry.change_type.as_str(),
                entry.data.as_str(),
                WRITTEN_AT,
            );
            raw.execute(sql, row)?;
        }
        Foreign::Delete(gone) => {
            for hlc in gone {
                raw.execute(DELETE_ENTRY, [hlc.to_string()])?;
                raw.execute(DELETE_TAG, [hlc.to_string()])?;
            }
        }
        Foreign::DeleteButItsTag(hlc) => drop(raw.execute(DELETE_ENTRY, [hlc.to_string()])?),
        Foreign::DropTag(hlc) => drop(raw.execute(DELETE_TAG, [hlc.to_string()])?),
        Foreign::Rewrite(hlc) => {
            let sql = "UPDATE shared_changes SET model_type = ?2 WHERE hlc = ?1";
            raw.execute(sql, (hlc.to_string(), OTHER_MODEL))?;
        }
        Foreign::OtherTag(hlc) => {
            let sql = "UPDATE sync_log_entries SET tag = ?2 WHERE hlc = ?1";
            raw.execute(sql, (hlc.to_string(), [1_u8; 16]))?;
        }
        Foreign::Ack(peer, hlc) => {
            let sql = "INSERT OR REPLACE INTO peer_acks VALUES (?1, ?2, ?3)";
            raw.execute(sql, (peer.to_string(), hlc.to_string(), WRITTEN_AT))?;
        }
    }
    Ok(())
}

const DELETE_ENTRY: &str = "DELETE FROM shared_changes WHERE hlc = ?1";
const DELETE_TAG: &str = "DELETE FROM sync_log_entries WHERE hlc = ?1";

fn marks(raw: &Connection) -> Result<Marks> {
    let sql = "SELECT head, floor, floor_tag, high_water, head_tag, solo, peers_declared, \
               altered IS NOT NULL, settled FROM sync_log_state";
    let mut query = raw.prepare_cached(sql)?;
    let row = query.query_row([], |row| {
        let text = |column| row.get::<_, String>(column);
        let flags = [row.get(5)?, row.get(6)?, row.get(7)?];
        let texts = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(8)?];
        Ok((texts, flags))
    });
    let ([head, floor, floor_tag, high_water, head_tag, settled], [solo, declared, altered]) = row?;
    Ok(Marks {
        head: head.parse()?,
        floor: floor.parse()?,
        head_tag: Tag::from_str(&head_tag)?,
        floor_tag: Tag::from_str(&floor_tag)?,
        high_water: high_water.parse()?,
        settled: settled.parse()?,
        solo,
        declared,
        altered,
        peers: BTreeMap::new(),
        signs: BTreeMap::new(),
    })
}

fn signs(raw: &Connection) -> Result<BTreeMap<VerdictKind, Sign>> {
    let sql = "SELECT kind, hlc, peer FROM sync_log_verdicts";
    let mut query = raw.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        Ok((text(0)?, text(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    rows.map(|row| {
        let (kind, hlc, peer) = row?;
        let kind = VerdictKind::from_stored(&kind).context("a verdict of no kind")?;
        let sign = Sign {
            hlc: hlc.parse()?,
            peer: peer.as_deref().map(Uuid::from_str).transpose()?,
        };
        Ok((kind, sign))
    })
    .collect()
}

fn peers(raw: &Connection) -> Result<BTreeMap<Uuid, PeerMark>> {
    let sql = "SELECT peer_device_id, acked, hold, last_acked_hlc, \
               state = 'active', verified, admission \
               FROM sync_log_peers LEFT JOIN peer_acks USING (peer_device_id)";
    let mut query = raw.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        let text_or_null = |column| row.get::<_, Option<String>>(column);
        let texts = (text(0)?, text(1)?, text_or_null(2)?, text_or_null(3)?);
        Ok((texts, (row.get(4)?, row.get(5)?, row.get(6)?)))
    })?;
    rows.map(|row| {
        let ((peer, acked, hold, mirror), (active, verified, admission)) = row?;
        let mark = PeerMark {
            acked: acked.parse()?,
            active,
            hold: hold.map(|hold| hold.parse()).transpose()?,
            verified,
            admission,
            mirror: mirror.and_then(|mirror| mirror.parse().ok()),
        };
        Ok((Uuid::from_str(&peer)?, mark))
    })
    .collect()
}

fn entries(raw: &Connection) -> Result<Vec<SharedChangeEntry>> {
    // What an earlier program wrote has no version, and is a group by itself.
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data, \
               COALESCE(model_version, 0), COALESCE(group_end, 1) \
               FROM shared_changes LEFT JOIN sync_log_entries USING (hlc) ORDER BY hlc";
    let mut query = raw.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        let texts = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?];
        Ok((texts, row.get(5)?, row.get(6)?))
    })?;
    rows.map(|row| {
        let ([hlc, model_type, record_uuid, change_type, data], model_version, group_end) = row?;
        Ok(SharedChangeEntry {
            hlc: Hlc::from_str(&hlc)?,
            model_type,
            record_uuid: Uuid::from_str(&record_uuid)?,
            change_type: change_type.parse()?,
            data: JsonText::new(data)?,
            model_version,
            group_end,
        })
    })
    .collect()
}
