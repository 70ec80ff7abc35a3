//! A folder with one `sync.db`, and damage to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ToSql};
use sync_log_conformance::{Damage, Harness, RowDamage, START_MS, Tampering};
use sync_log_sqlite::{Birth, LogStore};
use sync_log_sqlite::{
    DEFAULT_BUSY_TIMEOUT, FILE_NAME, Hlc, LogError, OpenError, SqliteStore, Uuid,
};
use tempfile::TempDir;

const DELETE_ENTRY: &str = "DELETE FROM shared_changes WHERE hlc = ?";
const DELETE_TAG: &str = "DELETE FROM sync_log_entries WHERE hlc = ?";
const INSERT_ENTRY: &str =
    "INSERT INTO shared_changes VALUES (?, ?, ?, ?, ?, '2024-01-01T00:00:00Z')";
const PUT_MIRROR: &str = "INSERT OR REPLACE INTO peer_acks VALUES (?, ?, '2024-01-01T00:00:00Z')";
const SPOIL: &str = "UPDATE sync_log_peers SET acked = 'garbage' WHERE peer_device_id = ?";
const SPOIL_WHOLE: &str =
    "UPDATE sync_log_peers SET acked = 'garbage', admission = -1 WHERE peer_device_id = ?";

pub(crate) struct SqliteHarness(TempDir);

impl SqliteHarness {
    fn file(&self) -> PathBuf {
        self.0.path().join(FILE_NAME)
    }

    /// Files that SQLite keeps beside the file while it is open.
    fn side_files(&self) -> [PathBuf; 2] {
        ["-wal", "-shm"].map(|end| self.0.path().join(format!("{FILE_NAME}{end}")))
    }

    async fn made(
        &self,
        library_id: Uuid,
        device_id: Uuid,
        birth: Birth,
    ) -> Result<SqliteStore, OpenError> {
        let (folder, wait) = (self.0.path(), DEFAULT_BUSY_TIMEOUT);
        SqliteStore::open(folder, library_id, device_id, birth, wait, START_MS).await
    }

    fn raw(&self) -> Connection {
        let raw = Connection::open(self.file()).unwrap();
        raw.busy_timeout(Duration::from_secs(5)).unwrap();
        raw
    }
}

fn refusal(error: &OpenError) -> LogError {
    let refusal = error.as_log_error();
    refusal.unwrap_or_else(|| panic!("{error}")).clone()
}

#[async_trait]
impl Harness for SqliteHarness {
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        let storage = Self(tempfile::tempdir().unwrap());
        let made = storage.made(library_id, device_id, birth).await.unwrap();
        made.close().await.unwrap();
        storage
    }

    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        let opened = self.made(library_id, device_id, Birth::Alone).await;
        opened
            .map(|store| Arc::new(store) as Arc<dyn LogStore>)
            .map_err(|error| refusal(&error))
    }

    async fn retained(&self) -> Vec<Hlc> {
        let raw = self.raw();
        let mut query = raw
            .prepare("SELECT hlc FROM shared_changes ORDER BY hlc")
            .unwrap();
        let stamps = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        stamps.map(|text| text.unwrap().parse().unwrap()).collect()
    }
}

#[async_trait]
impl Tampering for SqliteHarness {
    type Backup = Vec<u8>;

    const MODEL_CASES: u32 = 30;

    async fn backup(&self) -> Vec<u8> {
        for side_file in self.side_files() {
            assert!(!side_file.exists(), "a closed log is one file");
        }
        std::fs::read(self.file()).unwrap()
    }

    async fn restore(&self, backup: &Vec<u8>) {
        for side_file in self.side_files() {
            assert!(!side_file.exists(), "a closed log is one file");
        }
        std::fs::write(self.file(), backup).unwrap();
    }

    async fn damage_row(&self, peer_device_id: &str, damage: RowDamage) {
        let raw = self.raw();
        let one = |statement: &str, values: &[&dyn ToSql]| {
            assert_eq!(raw.execute(statement, values).unwrap(), 1, "{statement}");
        };
        let id: &dyn ToSql = &peer_device_id;
        match damage {
            RowDamage::Mirror(text) => one(PUT_MIRROR, &[id, &text]),
            RowDamage::MirrorDeleted => {
                one("DELETE FROM peer_acks WHERE peer_device_id = ?", &[id]);
            }
            RowDamage::Acked(hlc) => {
                let other = "UPDATE sync_log_peers SET acked = ?2 WHERE peer_device_id = ?1";
                one(other, &[id, &hlc.to_string()]);
            }
            RowDamage::Spoiled => one(SPOIL, &[id]),
            RowDamage::SpoiledWhole => one(SPOIL_WHOLE, &[id]),
            RowDamage::Deleted => {
                one("DELETE FROM sync_log_peers WHERE peer_device_id = ?", &[id]);
            }
        }
    }

    async fn damage(&self, damage: Damage) {
        let raw = self.raw();
        let one = |statement: &str, values: &[&dyn ToSql]| {
            assert_eq!(raw.execute(statement, values).unwrap(), 1, "{statement}");
        };
        match damage {
            Damage::DataChanged(hlc, data) => {
                let changed = "UPDATE shared_changes SET data = ? WHERE hlc = ?";
                one(changed, &[&data.as_str(), &hlc.to_string()]);
            }
            Damage::EntryDeleted(hlc) => one(DELETE_ENTRY, &[&hlc.to_string()]),
            Damage::EntryAndTagDeleted(hlc) => {
                one(DELETE_ENTRY, &[&hlc.to_string()]);
                one(DELETE_TAG, &[&hlc.to_string()]);
            }
            Damage::AllDeleted => raw.execute_batch("DELETE FROM shared_changes").unwrap(),
            Damage::Inserted(entry) => {
                let values: [&dyn ToSql; 5] = [
                    &entry.hlc.to_string(),
                    &entry.model_type,
                    &entry.record_uuid.to_string(),
                    &entry.change_type.as_str(),
                    &entry.data.as_str(),
                ];
                one(INSERT_ENTRY, &values);
            }
            Damage::TagChanged(hlc, tag) => {
                let changed = "UPDATE sync_log_entries SET tag = ? WHERE hlc = ?";
                one(changed, &[&tag.to_bytes(), &hlc.to_string()]);
            }
            Damage::TagDeleted(hlc) => one(DELETE_TAG, &[&hlc.to_string()]),
        }
    }

    async fn adopt(&self) {
        let all = "UPDATE sync_log_state SET peers_declared = 0, settled = high_water; \
                   UPDATE sync_log_peers SET verified = 0";
        self.raw().execute_batch(all).unwrap();
    }
}
