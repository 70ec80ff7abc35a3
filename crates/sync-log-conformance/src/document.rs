//! A storage that is one document, put to the test with four functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sync_log_core::{Contents, Hlc, LogError, LogIdentity, LogStore, PeerRow, Uuid};

use crate::harness::Harness;

/// A storage that can be read and replaced as a whole. It has a [`Harness`] for
/// that: whatever another program may do to it is a change of its [`Contents`].
pub trait Document: Sized + Send + Sync + 'static {
    /// See [`Harness::MODEL_CASES`].
    const MODEL_CASES: u32;

    /// Makes a place for a storage.
    fn create() -> Self;

    /// Opens what is there, as another process would.
    fn open(&self) -> Arc<dyn LogStore>;

    /// What is there, found without the store's own reading code.
    fn contents(&self) -> Contents;

    /// Puts `contents` there, instead of what is there.
    fn replace(&self, contents: &Contents);
}

fn tamper<D: Document>(document: &D, program: impl FnOnce(&mut Contents)) {
    let mut contents = document.contents();
    program(&mut contents);
    document.replace(&contents);
}

static DOCUMENTS: AtomicU64 = AtomicU64::new(1);

#[async_trait]
impl<D: Document> Harness for D {
    type Backup = Contents;

    const MODEL_CASES: u32 = D::MODEL_CASES;

    async fn create(library_id: Uuid, device_id: Uuid) -> Self {
        let number = DOCUMENTS.fetch_add(1, Ordering::Relaxed);
        let document = D::create();
        document.replace(&Contents::new(LogIdentity {
            library_id,
            device_id,
            log_id: Uuid::from_u128(0xd0c << 64 | u128::from(number)),
        }));
        document
    }

    async fn open(&self, _: Uuid, _: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        Ok(Document::open(self))
    }

    async fn backup(&self) -> Contents {
        self.contents()
    }

    async fn restore(&self, backup: &Contents) {
        self.replace(backup);
    }

    async fn plant_peer_row(&self, peer_device_id: &str, last_acked_hlc: &str) {
        tamper(self, |contents| {
            let known = contents.peers.get(peer_device_id);
            let row = PeerRow {
                peer_device_id: peer_device_id.to_owned(),
                last_acked_hlc: last_acked_hlc.to_owned(),
                acked_at_ms: 0,
                facts: known.and_then(|row| row.facts),
            };
            contents.peers.insert(peer_device_id.to_owned(), row);
        });
    }

    async fn delete_peer_row(&self, peer_device_id: &str) {
        tamper(self, |contents| {
            match contents.peers.get_mut(peer_device_id) {
                // What this program knows of the peer is not in `peer_acks`.
                Some(row) if row.facts.is_some() => row.last_acked_hlc.clear(),
                _ => drop(contents.peers.remove(peer_device_id)),
            }
        });
    }

    async fn delete_entry(&self, hlc: Hlc) {
        tamper(self, |contents| drop(contents.entries.remove(&hlc)));
    }

    async fn adopt(&self) {
        tamper(self, |contents| {
            contents.state.peers_declared = false;
            let rows = contents.peers.values_mut();
            for facts in rows.filter_map(|row| row.facts.as_mut()) {
                facts.verified = false;
            }
        });
    }

    async fn note_foreign_write(&self) {
        tamper(self, |contents| contents.state.foreign_write = true);
    }

    async fn retained(&self) -> Vec<Hlc> {
        self.contents().entries.into_keys().collect()
    }
}
