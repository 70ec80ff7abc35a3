//! A log that is only looked at, whoever else is at work on it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sync_log_core::{
    Hlc, LogError, LogIdentity, LogStore, Places, ReadRequest, ReadView, StoreError,
    StoreErrorKind, Survey, WriteJob,
};

use super::reader::Readers;
use super::ticks::Ticks;
use super::{in_one_state, read, state_only, survey, thread};
use crate::driver::Busy;
use crate::driver::connect::{self, Place};
use crate::open::error::OpenError;
use crate::open::found;
use crate::open::sight::Sight;

/// A store that reads a file and never writes to it.
pub(crate) struct ReadOnlyStore {
    // Closed before the folder is left as it was.
    readers: Readers,
    sight: Mutex<Option<Sight>>,
    ticks: Ticks,
}

impl ReadOnlyStore {
    /// Opens the log in a file or folder, and says which file and whose log it is.
    pub(crate) async fn open(
        path: &Path,
        busy: Busy,
        poll: Duration,
    ) -> Result<(Self, PathBuf, LogIdentity), OpenError> {
        let of = path.to_owned();
        let looked = thread::run("sync-log-opener", move |_| see(&of, busy)).await;
        let (sight, identity) = looked.map_err(|error| OpenError::store(path, error))??;
        let file = sight.path().to_owned();
        let place = Place::File(sight.readable());
        let store = Self {
            readers: Readers::new(place, busy, connect::read_only),
            sight: Mutex::new(Some(sight)),
            ticks: Ticks::every(poll),
        };
        Ok((store, file, identity))
    }
}

fn see(path: &Path, busy: Busy) -> Result<(Sight, LogIdentity), OpenError> {
    let (sight, db) = Sight::of(path, busy)?;
    let identity = found::readable(&db, sight.path())?;
    Ok((sight, identity))
}

#[async_trait]
impl LogStore for ReadOnlyStore {
    async fn write(&self, _: WriteJob) -> Result<(), LogError> {
        let refusal = StoreError::new(StoreErrorKind::ReadOnly, "write to a log opened to read");
        Err(refusal.into())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let read = move |db: &Connection| in_one_state(db, async || read(db, &request).await);
        self.readers.run("read", read).await
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        let survey = move |db: &Connection| in_one_state(db, async || survey(db, places).await);
        self.readers.run("survey", survey).await
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        let mut waiting = None;
        loop {
            let head = self.read(state_only()).await?.state.head.hlc;
            if head > place {
                return Ok(head);
            }
            // The next read fails if the log was closed.
            let waiting = self.ticks.wait_in(&mut waiting)?;
            waiting.tick_or(self.readers.closed()).await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let sight = self
            .sight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        thread::run("sync-log-closer", move |_| drop(sight)).await?;
        Ok(())
    }
}

impl fmt::Debug for ReadOnlyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOnlyStore").finish_non_exhaustive()
    }
}
