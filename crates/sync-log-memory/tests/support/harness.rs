//! A store in memory as the file that it stands for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_log_conformance::Harness;
use sync_log_core::{Hlc, LogError, LogIdentity, LogStore, PeerRow, Uuid};
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
    type Backup = MemoryStore;

    const MODEL_CASES: u32 = 400;

    async fn create(library_id: Uuid, device_id: Uuid) -> Self {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        Self(Mutex::new(MemoryStore::new(LogIdentity {
            library_id,
            device_id,
            log_id: Uuid::from_u128(0xf11e << 64 | u128::from(number)),
        })))
    }

    async fn open(&self, _: Uuid, _: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        Ok(Arc::new(self.file()))
    }

    async fn backup(&self) -> MemoryStore {
        self.file().copy()
    }

    async fn restore(&self, backup: &MemoryStore) {
        *self.0.lock().unwrap() = backup.copy();
    }

    async fn plant_peer_row(&self, peer_device_id: &str, last_acked_hlc: &str) {
        self.file().tamper(|contents| {
            let peers = &mut contents.peers;
            let row = PeerRow {
                peer_device_id: peer_device_id.to_owned(),
                last_acked_hlc: last_acked_hlc.to_owned(),
                acked_at_ms: 0,
                facts: peers.get(peer_device_id).and_then(|row| row.facts),
            };
            peers.insert(peer_device_id.to_owned(), row);
        });
    }

    async fn delete_peer_row(&self, peer_device_id: &str) {
        self.file().tamper(|contents| {
            let peers = &mut contents.peers;
            match peers.get_mut(peer_device_id) {
                // This program's own row about the peer is another table.
                Some(row) if row.facts.is_some() => row.last_acked_hlc.clear(),
                _ => drop(peers.remove(peer_device_id)),
            }
        });
    }

    async fn delete_entry(&self, hlc: Hlc) {
        self.file().tamper(|contents| contents.entries.remove(&hlc));
    }

    async fn adopt(&self) {
        self.file().tamper(|contents| {
            contents.state.peers_declared = false;
            let rows = contents.peers.values_mut();
            for facts in rows.filter_map(|row| row.facts.as_mut()) {
                facts.verified = false;
            }
        });
    }

    async fn note_foreign_write(&self) {
        self.file()
            .tamper(|contents| contents.state.foreign_write = true);
    }

    async fn retained(&self) -> Vec<Hlc> {
        self.file()
            .tamper(|contents| contents.entries.keys().copied().collect())
    }
}
