//! A whole backend: one lock around what a log holds. What it has to promise, and a store
//! that also keeps it in a file, is in the book's page on backends.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use sync_log_core::hlc::ManualClock;
use sync_log_core::{
    Change, ChangeType, Contents, Hlc, JsonText, LogError, LogIdentity, LogOptions, LogStore,
    Places, ReadRequest, ReadView, StoreError, StoreErrorKind, Survey, SyncLog, Uuid, WriteJob,
};

/// `None` once it is closed.
struct Shelf(Mutex<Option<Contents>>);

impl Shelf {
    /// The write lock. What a job decides is decided while this is held.
    fn lock(&self) -> MutexGuard<'_, Option<Contents>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "use the shelf")
}

#[async_trait::async_trait]
impl LogStore for Shelf {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        self.lock().as_mut().ok_or_else(closed)?.write(&mut job)
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.lock().as_ref().ok_or_else(closed)?.read(request))
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        Ok(self.lock().as_ref().ok_or_else(closed)?.survey(places))
    }

    /// Whoever waits is asked over and over. A store to ship would wake them instead.
    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        poll_fn(|context| match &*self.lock() {
            None => Poll::Ready(Err(closed())),
            Some(contents) if contents.state.head.hlc > place => {
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

fn main() -> Result<(), Box<dyn Error>> {
    let [library_id, device_id, log_id, record_uuid] = [1, 2, 3, 4].map(Uuid::from_u128);
    let contents = Contents::new(LogIdentity {
        library_id,
        device_id,
        log_id,
    });
    let (shelf, options) = (
        Shelf(Mutex::new(Some(contents))),
        LogOptions::new(ManualClock::new(1)),
    );
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(async {
            let log = SyncLog::open(shelf, library_id, device_id, options).await?;
            let (model_type, change_type) = ("tag".to_owned(), ChangeType::Insert);
            let data = JsonText::new(r#"{"name":"Beach"}"#)?;
            let stamp = log
                .record(Change {
                    model_type,
                    record_uuid,
                    change_type,
                    data,
                    model_version: 0,
                })
                .await?;
            assert_eq!(log.head().await?, stamp);
            println!(
                "{} entry, the last one at {stamp}",
                log.explain().await?.pending
            );
            Ok(())
        })
}
