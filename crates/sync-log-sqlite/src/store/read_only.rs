//! A log that is only read, even while another program writes to it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use sync_log_core::{
    Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, StoreFault, Survey,
    WriteJob,
};

use super::anchor::Anchor;
use super::thread;
use super::ticks::{DEFAULT_POLL_INTERVAL, Ticks};
use super::view::Views;
use crate::driver::Busy;
use crate::driver::connect::{self, Location};

/// A store that reads a file and never writes to it.
pub(crate) struct ReadOnlyStore {
    // Closed before what it holds is dropped.
    views: Views,
    held: Mutex<Option<Box<dyn Send>>>,
    ticks: Ticks,
}

impl ReadOnlyStore {
    /// A store on a log that was found to be whole. It holds the files that its reads need, and
    /// releases them when it is closed.
    pub(crate) fn new(
        location: Location,
        busy: Busy,
        anchor: Anchor,
        held: impl Send + 'static,
    ) -> Self {
        let connect = move || connect::read_only(&location, busy);
        Self {
            views: Views::new(connect, anchor),
            held: Mutex::new(Some(Box::new(held))),
            ticks: Ticks::every(DEFAULT_POLL_INTERVAL),
        }
    }

    /// The same store with another interval between looks for commits of other programs.
    pub(crate) fn poll_interval(self, poll_interval: Duration) -> Self {
        let ticks = Ticks::every(poll_interval);
        Self { ticks, ..self }
    }
}

#[async_trait]
impl LogStore for ReadOnlyStore {
    async fn write(&self, _: WriteJob) -> Result<(), LogError> {
        let refusal = StoreError::new(StoreFault::ReadOnly, "write to a log opened to read");
        Err(refusal.into())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.views.view(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        self.views.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        let mut waiting = None;
        loop {
            let head = self.views.head().await?;
            if head > position {
                return Ok(head);
            }
            // The next read fails if the log was closed.
            let waiting = self.ticks.wait_in(&mut waiting)?;
            waiting.tick_or(self.views.closed()).await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.views.close().await;
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
