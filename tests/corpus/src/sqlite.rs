//! A folder with one `sync.db`, and a program beside it that knows the original
//! tables alone.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Params};
use sync_log_conformance::{Harness, START_MS};
use sync_log_core::{Hlc, LogError, LogStore, Uuid};
use sync_log_sqlite::{DEFAULT_BUSY_TIMEOUT, FILE_NAME, SqliteStore};
use tempfile::TempDir;

pub(crate) struct SqliteHarness(TempDir);

impl SqliteHarness {
    fn raw(&self) -> Connection {
        let raw = Connection::open(self.0.path().join(FILE_NAME)).unwrap();
        raw.busy_timeout(DEFAULT_BUSY_TIMEOUT).unwrap();
        raw
    }

    fn execute(&self, sql: &str, values: impl Params) {
        self.raw().execute(sql, values).unwrap();
    }
}

#[async_trait]
impl Harness for SqliteHarness {
    type Backup = Vec<u8>;

    const MODEL_CASES: u32 = 0;

    async fn create(library_id: Uuid, device_id: Uuid) -> Self {
        let storage = Self(tempfile::tempdir().unwrap());
        let made = storage.open(library_id, device_id).await.unwrap();
        made.close().await.unwrap();
        storage
    }

    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        let (folder, wait) = (self.0.path(), DEFAULT_BUSY_TIMEOUT);
        let opened = SqliteStore::open(folder, library_id, device_id, wait, START_MS).await;
        Ok(Arc::new(opened.expect("the same device opens its file")))
    }

    async fn backup(&self) -> Vec<u8> {
        std::fs::read(self.0.path().join(FILE_NAME)).unwrap()
    }

    async fn restore(&self, backup: &Vec<u8>) {
        std::fs::write(self.0.path().join(FILE_NAME), backup).unwrap();
    }

    async fn plant_peer_row(&self, peer_device_id: &str, last_acked_hlc: &str) {
        let row = "INSERT OR REPLACE INTO peer_acks VALUES (?, ?, '2024-01-01T00:00:00Z')";
        self.execute(row, [peer_device_id, last_acked_hlc]);
    }

    async fn delete_peer_row(&self, peer_device_id: &str) {
        let row = "DELETE FROM peer_acks WHERE peer_device_id = ?";
        self.execute(row, [peer_device_id]);
    }

    async fn delete_entry(&self, hlc: Hlc) {
        let entry = "DELETE FROM shared_changes WHERE hlc = ?";
        self.execute(entry, [hlc.to_string()]);
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
