//! A log that is only read, even while another program writes to it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use sync_log_core::{
    Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, StoreFault, Survey,
    WriteJob,
};

use super::reader::Readers;
use super::thread;
use super::ticks::Ticks;
use crate::driver::Busy;
use crate::driver::connect::{self, Location};

/// A store that reads a file and never writes to it.
pub(crate) struct ReadOnlyStore {
    // Closed before what it holds is dropped.
    readers: Readers,
    held: Mutex<Option<Box<dyn Send>>>,
    ticks: Ticks,
}

impl ReadOnlyStore {
    /// A store on a log that was found to be whole. It holds the files that its reads need, and
    /// releases them when it is closed.
    pub(crate) fn new(
        location: Location,
        busy: Busy,
        poll_interval: Duration,
        held: impl Send + 'static,
    ) -> Self {
        Self {
            readers: Readers::new(location, busy, connect::read_only),
            held: Mutex::new(Some(Box::new(held))),
            ticks: Ticks::every(poll_interval),
        }
    }
}

#[async_trait]
impl LogStore for ReadOnlyStore {
    async fn write(&self, _: WriteJob) -> Result<(), LogError> {
        let refusal = StoreError::new(StoreFault::ReadOnly, "write to a log opened to read");
        Err(refusal.into())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.readers.view(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        self.readers.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        let mut waiting = None;
        loop {
            let head = self.readers.head().await?;
            if head > position {
                return Ok(head);
            }
            // The next read fails if the log was closed.
            let waiting = self.ticks.wait_in(&mut waiting)?;
            waiting.tick_or(self.readers.closed()).await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        thread::run("sync-log-closer", move |_| drop(held)).await?;
        Ok(())
    }
}

impl fmt::Debug for ReadOnlyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOnlyStore").finish_non_exhaustive()
    }
}
