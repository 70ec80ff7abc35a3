//! A whole backend: one lock around the contents of a log. The book's page on backends says what
//! a backend has to promise, and names a store that keeps its contents in a file.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use sync_log_core::{
    Change, Contents, DeviceId, Hlc, LibraryId, LogError, LogIdentity, LogOptions, LogStore,
    ManualClock, Positions, ReadRequest, ReadView, StoreError, StoreFault, Survey, SyncLog, Uuid,
    WriteJob,
};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const DEVICE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));

/// The contents of the log; `None` once the log is closed.
struct Shelf(Mutex<Option<Contents>>);

impl Shelf {
    /// The write lock. A job decides while the lock is held.
    fn lock(&self) -> MutexGuard<'_, Option<Contents>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreFault::Closed, "use the shelf")
}

#[async_trait::async_trait]
impl LogStore for Shelf {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        self.lock().as_mut().ok_or_else(closed)?.write(&mut job)
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.lock().as_ref().ok_or_else(closed)?.read(request))
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        Ok(self.lock().as_ref().ok_or_else(closed)?.survey(positions))
    }

    /// The waiting task polls again and again. A store to ship would wake it instead.
    async fn head_above(&self, stamp: Hlc) -> Result<Hlc, StoreError> {
        poll_fn(|context| match &*self.lock() {
            None => Poll::Ready(Err(closed())),
            Some(contents) if contents.state.head.hlc > stamp => {
                Poll::Ready(Ok(contents.state.head.hlc))
            }
            Some(_) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        *self.lock() = None;
        Ok(())
    }
}

fn shelf() -> Shelf {
    let identity = LogIdentity {
        library_id: LIBRARY,
        device_id: DEVICE,
        log_id: Uuid::from_u128(3),
    };
    Shelf(Mutex::new(Some(Contents::new(identity))))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = LogOptions::new(ManualClock::new(1));
    let log = SyncLog::open(shelf(), LIBRARY, DEVICE, options).await?;
    let stamp = log
        .record(Change::insert("tag", Uuid::from_u128(4), "Beach")?)
        .await?;
    assert_eq!(log.head().await?, stamp);
    let pending = log.explain().await?.pending_entries;
    println!("{pending} entry, the last one at {stamp}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(run())
}
