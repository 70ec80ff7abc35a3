//! A database of the app's with a log in it, as the conformance suite uses it.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ToSql};
use sea_orm::DatabaseConnection;
use sync_log_conformance::{Damage, Harness, RowDamage, START_MS, Tampering};
use sync_log_sqlite::{AttachedStore, Birth, Hlc, LogError, LogStore, OpenError, Uuid};
use tempfile::TempDir;

use super::pools::{Settings, connect};

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

    /// Changes one row.
    fn change(&self, statement: &str, values: &[&dyn ToSql]) {
        let changed = self.raw().execute(statement, values).unwrap();
        assert_eq!(changed, 1, "{statement}");
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
        let raw = self.raw();
        let entries = "SELECT hlc FROM shared_changes ORDER BY hlc";
        let mut query = raw.prepare(entries).unwrap();
        let stamps = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        stamps.map(|text| text.unwrap().parse().unwrap()).collect()
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
        let id: &dyn ToSql = &peer_device_id;
        match damage {
            RowDamage::Mirror(text) => {
                let put = "INSERT OR REPLACE INTO peer_acks VALUES (?, ?, '2024-01-01T00:00:00Z')";
                self.change(put, &[id, &text]);
            }
            RowDamage::MirrorDeleted => {
                self.change("DELETE FROM peer_acks WHERE peer_device_id = ?", &[id]);
            }
            RowDamage::Acked(hlc) => {
                let other = "UPDATE sync_log_peers SET acked = ?2 WHERE peer_device_id = ?1";
                self.change(other, &[id, &hlc.to_string()]);
            }
            RowDamage::Spoiled => {
                let spoil = "UPDATE sync_log_peers SET acked = 'garbage' WHERE peer_device_id = ?";
                self.change(spoil, &[id]);
            }
            RowDamage::SpoiledWhole => {
                let spoil = "UPDATE sync_log_peers SET acked = 'garbage', admission = -1 \
                             WHERE peer_device_id = ?";
                self.change(spoil, &[id]);
            }
            RowDamage::Deleted => {
                self.change("DELETE FROM sync_log_peers WHERE peer_device_id = ?", &[id]);
            }
        }
    }

    async fn damage(&self, damage: Damage) {
        const DELETE_ENTRY: &str = "DELETE FROM shared_changes WHERE hlc = ?";
        const DELETE_TAG: &str = "DELETE FROM sync_log_entries WHERE hlc = ?";
        match damage {
            Damage::DataChanged(hlc, data) => {
                let changed = "UPDATE shared_changes SET data = ? WHERE hlc = ?";
                self.change(changed, &[&data.as_str(), &hlc.to_string()]);
            }
            Damage::EntryDeleted(hlc) => self.change(DELETE_ENTRY, &[&hlc.to_string()]),
            Damage::EntryAndTagDeleted(hlc) => {
                self.change(DELETE_ENTRY, &[&hlc.to_string()]);
                self.change(DELETE_TAG, &[&hlc.to_string()]);
            }
            Damage::AllDeleted => {
                let all = "DELETE FROM shared_changes";
                self.raw().execute_batch(all).unwrap();
            }
            Damage::Inserted(entry) => {
                let insert = "INSERT INTO shared_changes \
                              VALUES (?, ?, ?, ?, ?, '2024-01-01T00:00:00Z')";
                let values: [&dyn ToSql; 5] = [
                    &entry.hlc.to_string(),
                    &entry.model_type,
                    &entry.record_uuid.to_string(),
                    &entry.change_type.as_str(),
                    &entry.data.as_str(),
                ];
                self.change(insert, &values);
            }
            Damage::TagChanged(hlc, tag) => {
                let changed = "UPDATE sync_log_entries SET tag = ? WHERE hlc = ?";
                self.change(changed, &[&tag.to_bytes(), &hlc.to_string()]);
            }
            Damage::TagDeleted(hlc) => self.change(DELETE_TAG, &[&hlc.to_string()]),
        }
    }

    async fn adopt(&self) {
        let all = "UPDATE sync_log_state SET peers_declared = 0, settled = high_water; \
                   UPDATE sync_log_peers SET verified = 0";
        self.raw().execute_batch(all).unwrap();
    }
}
