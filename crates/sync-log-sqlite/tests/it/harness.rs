//! A folder with one `sync.db`, and damage to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sync_log_conformance::{Damage, Harness, RowDamage, START_MS, Tampering};
use sync_log_sqlite::{Birth, LogStore};
use sync_log_sqlite::{
    DEFAULT_BUSY_TIMEOUT, FILE_NAME, Hlc, LogError, OpenError, SqliteStore, Uuid,
};
use tempfile::TempDir;

// The path is that of another package's test, too, which includes this file.
#[path = "tables_damage.rs"]
mod tables_damage;

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
        tables_damage::retained(&self.raw())
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
        tables_damage::damage_row(&self.raw(), peer_device_id, damage);
    }

    async fn damage(&self, damage: Damage) {
        tables_damage::damage(&self.raw(), damage);
    }

    async fn adopt(&self) {
        tables_damage::adopt(&self.raw());
    }
}
