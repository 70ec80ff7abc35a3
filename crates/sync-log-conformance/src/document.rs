//! A storage that is one document, tested with four functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sync_log_core::{Birth, Contents, Hlc, LogError, LogIdentity, LogState, LogStore, Uuid};

use crate::damage::{Damage, RowDamage, adopt};
use crate::harness::{Harness, Tampering};
use crate::sample::START_MS;

/// A storage that can be read and replaced as a whole. It is a [`Harness`] with
/// [`Tampering`] for that: whatever another program may do to it is a change of its [`Contents`].
pub trait Document: Sized + Send + Sync + 'static {
    /// See [`Tampering::MODEL_CASES`].
    const MODEL_CASES: u32;

    /// Makes room for one storage, such as a temporary folder.
    fn create() -> Self;

    /// Opens the storage as another process would.
    fn open(&self) -> Arc<dyn LogStore>;

    /// Reads the contents without the store's own reading code.
    fn contents(&self) -> Contents;

    /// Replaces the contents of the storage by `contents`.
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
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        let number = DOCUMENTS.fetch_add(1, Ordering::Relaxed);
        let document = D::create();
        let identity = LogIdentity {
            library_id: library_id.into(),
            device_id: device_id.into(),
            log_id: Uuid::from_u128(0xd0c << 64 | u128::from(number)),
        };
        document.replace(&Contents {
            state: LogState::made(identity, START_MS, birth),
            ..Contents::new(identity)
        });
        document
    }

    async fn open(&self, _: Uuid, _: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        Ok(Document::open(self))
    }

    async fn retained(&self) -> Vec<Hlc> {
        self.contents().entries.into_keys().collect()
    }
}

#[async_trait]
impl<D: Document> Tampering for D {
    type Backup = Contents;

    const MODEL_CASES: u32 = D::MODEL_CASES;

    async fn backup(&self) -> Contents {
        self.contents()
    }

    async fn restore(&self, backup: &Contents) {
        self.replace(backup);
    }

    async fn damage_row(&self, peer_device_id: &str, damage: RowDamage) {
        tamper(self, |contents| damage.to(contents, peer_device_id));
    }

    async fn damage(&self, damage: Damage) {
        tamper(self, |contents| damage.to(contents));
    }

    async fn adopt(&self) {
        tamper(self, adopt);
    }
}
