//! A store in memory as the file that it stands for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_log_conformance::{Damage, Harness, RowDamage, START_MS, Tampering, adopt};
use sync_log_core::{Birth, Hlc, LogError, LogIdentity, LogStore, Uuid};
use sync_log_memory::MemoryStore;

static FILES: AtomicU64 = AtomicU64::new(1);

/// The place where the file is; another file may be put there.
pub(crate) struct MemoryHarness(Mutex<MemoryStore>);

impl MemoryHarness {
    fn file(&self) -> MemoryStore {
        self.0.lock().unwrap().reopen()
    }
}

#[async_trait]
impl Harness for MemoryHarness {
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let identity = LogIdentity {
            library_id: library_id.into(),
            device_id: device_id.into(),
            log_id: Uuid::from_u128(0xf11e << 64 | u128::from(number)),
        };
        Self(Mutex::new(MemoryStore::new(identity, START_MS, birth)))
    }

    async fn open(&self, _: Uuid, _: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        Ok(Arc::new(self.file()))
    }

    async fn retained(&self) -> Vec<Hlc> {
        self.file()
            .tamper(|contents| contents.entries.keys().copied().collect())
    }
}

#[async_trait]
impl Tampering for MemoryHarness {
    type Backup = MemoryStore;

    const MODEL_CASES: u32 = 400;

    async fn backup(&self) -> MemoryStore {
        self.file().copy()
    }

    async fn restore(&self, backup: &MemoryStore) {
        *self.0.lock().unwrap() = backup.copy();
    }

    async fn damage_row(&self, peer_device_id: &str, damage: RowDamage) {
        self.file()
            .tamper(|contents| damage.to(contents, peer_device_id));
    }

    async fn damage(&self, damage: Damage) {
        self.file().tamper(|contents| damage.to(contents));
    }

    async fn adopt(&self) {
        self.file().tamper(adopt);
    }
}
