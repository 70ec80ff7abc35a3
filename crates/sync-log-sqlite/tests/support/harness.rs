//! A folder with one `sync.db`, and damage to it.

#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at files past the product"
)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sync_log_conformance::{Harness, START_MS};
use sync_log_sqlite::core::LogStore;
use sync_log_sqlite::{
    DEFAULT_BUSY_TIMEOUT, FILE_NAME, Hlc, LogError, OpenError, SqliteStore, Uuid,
};
use tempfile::TempDir;

pub(crate) struct SqliteHarness(TempDir);

impl SqliteHarness {
    fn file(&self) -> PathBuf {
        self.0.path().join(FILE_NAME)
    }

    /// Files that SQLite keeps beside the file while it is open.
    fn side_files(&self) -> [PathBuf; 2] {
        ["-wal", "-shm"].map(|end| self.0.path().join(format!("{FILE_NAME}{end}")))
    }

    fn raw(&self) -> Connection {
        let raw = Connection::open(self.file()).unwrap();
        // Nothing is to notice that it is not this program.
        let triggers = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        assert!(!raw.set_db_config(triggers, false).unwrap());
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
    type Backup = Vec<u8>;

    const MODEL_CASES: u32 = 30;

    async fn create(library_id: Uuid, device_id: Uuid) -> Self {
        let storage = Self(tempfile::tempdir().unwrap());
        let made = storage.open(library_id, device_id).await.unwrap();
        made.close().await.unwrap();
        storage
    }

    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        let (folder, wait) = (self.0.path(), DEFAULT_BUSY_TIMEOUT);
        let opened = SqliteStore::open(folder, library_id, device_id, wait, START_MS).await;
        opened
            .map(|store| Arc::new(store) as Arc<dyn LogStore>)
            .map_err(|error| refusal(&error))
    }

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

    async fn plant_peer_row(&self, peer_device_id: &str, last_acked_hlc: &str) {
        let row = "INSERT OR REPLACE INTO peer_acks VALUES (?, ?, '2024-01-01T00:00:00Z')";
        self.raw()
            .execute(row, [peer_device_id, last_acked_hlc])
            .unwrap();
    }

    async fn delete_peer_row(&self, peer_device_id: &str) {
        let row = "DELETE FROM peer_acks WHERE peer_device_id = ?";
        assert_eq!(self.raw().execute(row, [peer_device_id]).unwrap(), 1);
    }

    async fn delete_entry(&self, hlc: Hlc) {
        let entry = "DELETE FROM shared_changes WHERE hlc = ?";
        assert_eq!(self.raw().execute(entry, [hlc.to_string()]).unwrap(), 1);
    }

    async fn adopt(&self) {
        let all = "UPDATE sync_log_state SET peers_declared = 0; \
                   UPDATE sync_log_peers SET verified = 0";
        self.raw().execute_batch(all).unwrap();
    }

    async fn note_foreign_write(&self) {
        let noted = "UPDATE sync_log_state SET foreign_write = 'an entry was inserted'";
        self.raw().execute_batch(noted).unwrap();
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
