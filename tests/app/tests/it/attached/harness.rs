//! A database of the app's with a log in it, as the conformance suite uses it.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sea_orm::DatabaseConnection;
use sync_log_conformance::{Damage, Harness, RowDamage, START_MS, Tampering};
use sync_log_sqlite::{AttachedStore, Birth, Hlc, LogError, LogStore, OpenError, Uuid};
use tempfile::TempDir;

use super::pools::{Settings, connect};

#[path = "../../../../../crates/sync-log-sqlite/tests/it/tables_damage.rs"]
mod tables_damage;

/// The settings of the app's pool.
pub(crate) trait Pool: Send + Sync + 'static {
    const SETTINGS: Settings;
}

/// A folder with the app's database, and the pools that were made to it.
pub(crate) struct AppDatabase<P> {
    folder: TempDir,
    pools: Mutex<Vec<DatabaseConnection>>,
    pool: PhantomData<P>,
}

impl<P: Pool> AppDatabase<P> {
    fn file(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// Attaches as another process would, over a pool of its own.
    async fn attach(
        &self,
        library_id: Uuid,
        device_id: Uuid,
        birth: Birth,
    ) -> Result<AttachedStore, OpenError> {
        let pool = connect(&self.file(), &P::SETTINGS).await;
        self.pools.lock().unwrap().push(pool.clone());
        AttachedStore::attach(&pool, library_id, device_id, birth, START_MS).await
    }

    /// Closes the app's pools, as the app does before its database is copied. The logs are closed.
    async fn close_pools(&self) {
        let pools = std::mem::take(&mut *self.pools.lock().unwrap());
        for pool in pools {
            pool.close().await.unwrap();
        }
        for suffix in ["-wal", "-journal"] {
            let beside = self.folder.path().join(format!("app.db{suffix}"));
            assert!(!beside.exists(), "a closed database is one file");
        }
    }

    fn raw(&self) -> Connection {
        let raw = Connection::open(self.file()).unwrap();
        raw.busy_timeout(Duration::from_secs(5)).unwrap();
        raw
    }
}

#[async_trait]
impl<P: Pool> Harness for AppDatabase<P> {
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        let storage = Self {
            folder: tempfile::tempdir().unwrap(),
            pools: Mutex::default(),
            pool: PhantomData,
        };
        let made = storage.attach(library_id, device_id, birth).await.unwrap();
        made.close().await.unwrap();
        storage.close_pools().await;
        storage
    }

    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        match self.attach(library_id, device_id, Birth::Alone).await {
            Ok(store) => Ok(Arc::new(store.poll_interval(Duration::from_millis(50)))),
            Err(error) => Err(error.as_log_error().unwrap().clone()),
        }
    }

    async fn retained(&self) -> Vec<Hlc> {
        tables_damage::retained(&self.raw())
    }
}

#[async_trait]
impl<P: Pool> Tampering for AppDatabase<P> {
    type Backup = Vec<u8>;

    const MODEL_CASES: u32 = 10;

    async fn backup(&self) -> Vec<u8> {
        self.close_pools().await;
        std::fs::read(self.file()).unwrap()
    }

    async fn restore(&self, backup: &Vec<u8>) {
        self.close_pools().await;
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
