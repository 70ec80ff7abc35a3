//! The harness of a broken store: the one of the store in memory, with a fault
//! planted in each storage.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use broken_stores::{Fault, Planted};
use sync_log_conformance::core::{
    Birth, Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, Survey, Uuid,
    WriteJob,
};
use sync_log_conformance::{Damage, Harness, RowDamage, Tampering};
use sync_log_memory::MemoryStore;

use crate::harness::MemoryHarness;

thread_local! {
    /// The fault of every storage that this thread makes. A case makes its
    /// storages on the thread that runs it.
    pub(crate) static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// A storage with a fault.
pub(crate) struct BrokenHarness {
    file: MemoryHarness,
    planted: Planted,
}

#[async_trait]
impl Harness for BrokenHarness {
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        Self {
            file: MemoryHarness::create(library_id, device_id, birth).await,
            planted: FAULT.get().map_or_else(Planted::healthy, Planted::new),
        }
    }

    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        let inner = self.file.open(library_id, device_id).await?;
        Ok(Arc::new(Patient {
            inner: self.planted.open_as(library_id, device_id, inner),
            calls: AtomicUsize::new(0),
        }))
    }

    async fn retained(&self) -> Vec<Hlc> {
        self.file.retained().await
    }
}

#[async_trait]
impl Tampering for BrokenHarness {
    type Backup = MemoryStore;

    const MODEL_CASES: u32 = 100;

    async fn backup(&self) -> MemoryStore {
        self.file.backup().await
    }

    async fn restore(&self, backup: &MemoryStore) {
        self.file.restore(backup).await;
    }

    async fn damage_row(&self, peer_device_id: &str, damage: RowDamage) {
        self.file.damage_row(peer_device_id, damage).await;
    }

    async fn damage(&self, damage: Damage) {
        self.file.damage(damage).await;
    }

    async fn adopt(&self) {
        self.file.adopt().await;
    }
}

/// What a handle does without asking why: calls, and as many more as it serves
/// `BYTES_PER_CALL`.
const CALLS_MAX: usize = 5_000;
const BYTES_PER_CALL: usize = 64 * 1024;
/// What it does beyond that, each after a pause: who waits for somebody else in
/// vain gives that one time to come along.
const SLOW_CALLS_MAX: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(1);

/// A store that does not answer for ever: a broken one may lead a case in
/// circles.
struct Patient {
    inner: Arc<dyn LogStore>,
    calls: AtomicUsize,
}

impl Patient {
    fn count(&self, calls: usize) {
        let before = self.calls.fetch_add(calls, Ordering::Relaxed);
        if before > CALLS_MAX {
            std::thread::sleep(PAUSE);
        }
        let most = CALLS_MAX + SLOW_CALLS_MAX;
        assert!(before < most, "the case goes in circles");
    }
}

#[async_trait]
impl LogStore for Patient {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        self.count(1);
        self.inner.write(job).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let view = self.inner.read(request).await?;
        let found = view.entries.iter();
        let bytes: usize = found.map(|found| found.entry.content_bytes()).sum();
        self.count(1 + bytes / BYTES_PER_CALL);
        Ok(view)
    }

    async fn survey(&self, places: Positions) -> Result<Survey, StoreError> {
        self.count(1);
        self.inner.survey(places).await
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        self.inner.head_above(place).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
