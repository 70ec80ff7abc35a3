//! The store: one lock around the data, and a handle that can be closed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_log_core::{
    Hlc, LogError, LogIdentity, LogState, LogStore, PeerRow, Places, ReadRequest, ReadView,
    StoreError, StoreErrorKind, StoredEntry, Survey, WriteJob,
};

use crate::data::Data;

/// A sync log in memory. It promises everything that
/// [`LogStore`] asks for but durability: a killed process takes it along.
///
/// It stands for a *file*, so that tests can treat it as one:
/// [`reopen`](Self::reopen) is another handle on it, [`copy`](Self::copy) is a
/// backup of it, and [`tamper`](Self::tamper) is another program at work on it.
#[derive(Debug)]
pub struct MemoryStore {
    data: Arc<Mutex<Data>>,
    closed: AtomicBool,
}

impl MemoryStore {
    /// A new, empty log.
    #[must_use]
    pub fn new(identity: LogIdentity) -> Self {
        let state = LogState::new(identity);
        Self::on(Data {
            state,
            entries: BTreeMap::new(),
            peers: BTreeMap::new(),
        })
    }

    fn on(data: Data) -> Self {
        Self {
            data: Arc::new(Mutex::new(data)),
            closed: AtomicBool::new(false),
        }
    }

    /// Another handle on the same log, open even if this one is closed: what
    /// the next start of the app, or another process, would open.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            closed: AtomicBool::new(false),
        }
    }

    /// A copy of the log as it is now, apart from it from then on: what a
    /// backup of the file would be.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::on(self.lock().clone())
    }

    /// Lets `program` look at the entries and at the peer rows, which are kept
    /// by the text of their id, and do to them what it likes, without any check.
    pub fn tamper<T>(
        &self,
        program: impl FnOnce(&mut BTreeMap<Hlc, StoredEntry>, &mut BTreeMap<String, PeerRow>) -> T,
    ) -> T {
        let data = &mut *self.lock();
        program(&mut data.entries, &mut data.peers)
    }

    // A panic while the lock is held is a bug in core's pure functions, which
    // run before anything is written: the data is whole.
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, doing: &'static str) -> Result<MutexGuard<'_, Data>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::new(StoreErrorKind::Closed, doing));
        }
        Ok(self.lock())
    }
}

#[async_trait]
impl LogStore for MemoryStore {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        let mut data = self.open("write")?;
        let needs = job.needs(&data.state);
        let changes = job.decide(&data.view(&needs))?;
        Ok(data.apply(changes)?)
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.open("read")?.read(request))
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        let data = self.open("survey")?;
        let peers: Vec<PeerRow> = data.peers.values().cloned().collect();
        let extents = places(&data.state, &peers)
            .into_iter()
            .map(|place| data.extent(place))
            .collect();
        Ok(Survey {
            state: data.state,
            peers,
            extents,
        })
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}
