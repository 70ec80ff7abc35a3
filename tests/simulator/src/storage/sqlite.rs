//! A file of the shipped store, looked at through another connection.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use rusqlite::Connection;
use sync_log_core::{Hlc, JsonText, LogStore, SharedChangeEntry, Tag, Uuid};
use sync_log_sqlite::{DEFAULT_BUSY_TIMEOUT, FILE_NAME, SqliteStore};
use tempfile::TempDir;

use super::{Dump, Marks, PeerMark, Storage};
use crate::engine::Engine;

pub(crate) struct SqliteFile {
    engine: Rc<Engine>,
    folder: TempDir,
    library_id: Uuid,
    device_id: Uuid,
    /// Kept open between two looks; never while the file is copied.
    raw: RefCell<Option<Connection>>,
}

impl SqliteFile {
    pub(crate) fn create(
        engine: Rc<Engine>,
        library_id: Uuid,
        device_id: Uuid,
        now_ms: i64,
    ) -> Result<Self> {
        let file = Self::in_new_folder(engine, library_id, device_id)?;
        let store = file.open(now_ms)?;
        file.engine.finish(store.close())?;
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
        let (folder, busy) = (self.folder.path(), DEFAULT_BUSY_TIMEOUT);
        let opening = SqliteStore::open(folder, self.library_id, self.device_id, busy, now_ms);
        Ok(Arc::new(self.engine.finish(opening)?))
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
            let entries = entries(raw)?;
            Ok(Dump { marks, entries })
        })
    }
}

fn marks(raw: &Connection) -> Result<Marks> {
    let sql = "SELECT head, floor, floor_tag, high_water, solo FROM sync_log_state";
    let mut query = raw.prepare_cached(sql)?;
    let row = query.query_row([], |row| {
        let text = |column| row.get::<_, String>(column);
        Ok(([text(0)?, text(1)?, text(2)?, text(3)?], row.get(4)?))
    });
    let ([head, floor, floor_tag, high_water], solo) = row?;
    Ok(Marks {
        head: head.parse()?,
        floor: floor.parse()?,
        floor_tag: Tag::from_u64(u64::from_str_radix(&floor_tag, 16)?),
        high_water: high_water.parse()?,
        solo,
        peers: BTreeMap::new(),
    })
}

fn peers(raw: &Connection) -> Result<BTreeMap<Uuid, PeerMark>> {
    let sql = "SELECT peer_device_id, last_acked_hlc, state = 'active', hold \
               FROM peer_acks JOIN sync_log_peers USING (peer_device_id)";
    let mut query = raw.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get(2)?,
            row.get::<_, Option<String>>(3)?,
        ))
    })?;
    rows.map(|row| {
        let (peer, acked, active, hold) = row?;
        let mark = PeerMark {
            acked: acked.parse()?,
            active,
            hold: hold.map(|hold| hold.parse()).transpose()?,
        };
        Ok((Uuid::from_str(&peer)?, mark))
    })
    .collect()
}

fn entries(raw: &Connection) -> Result<Vec<SharedChangeEntry>> {
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data \
               FROM shared_changes ORDER BY hlc";
    let mut query = raw.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        Ok([text(0)?, text(1)?, text(2)?, text(3)?, text(4)?])
    })?;
    rows.map(|row| {
        let [hlc, model_type, record_uuid, change_type, data] = row?;
        Ok(SharedChangeEntry {
            hlc: Hlc::from_str(&hlc)?,
            model_type,
            record_uuid: Uuid::from_str(&record_uuid)?,
            change_type: change_type.parse()?,
            data: JsonText::new(data)?,
        })
    })
    .collect()
}
