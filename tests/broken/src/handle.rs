//! One handle on a broken store: it tells the lies.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use async_trait::async_trait;
use sync_log_core::{
    Changes, Hlc, LogError, LogState, LogStore, Needs, PeerRow, PeersNeeded, Places, ReadRequest,
    ReadView, StoreError, Survey, View, WriteJob,
};

use crate::decision::Decision;
use crate::defect::Defect;
use crate::planted::{Memory, Own};

/// One handle on a storage.
pub(crate) struct Handle {
    pub(crate) inner: Arc<dyn LogStore>,
    pub(crate) defect: Defect,
    memory: Arc<Mutex<Memory>>,
    own: Mutex<Own>,
    is_open: AtomicBool,
    is_awake: AtomicBool,
}

impl Handle {
    pub(crate) fn new(
        inner: Arc<dyn LogStore>,
        defect: Defect,
        memory: Arc<Mutex<Memory>>,
    ) -> Self {
        let after_restart = {
            let mut memory = memory.lock().unwrap();
            memory.opened += 1;
            memory.open_handles += 1;
            memory.inners.push(Arc::downgrade(&inner));
            memory.open_handles == 1
        };
        Self {
            inner,
            defect,
            memory,
            own: Mutex::new(Own {
                after_restart,
                ..Own::default()
            }),
            is_open: AtomicBool::new(true),
            is_awake: AtomicBool::new(false),
        }
    }

    /// What the storage remembers.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }

    /// What this handle remembers.
    pub(crate) fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap()
    }

    fn leave(&self) {
        if self.is_open.swap(false, Ordering::SeqCst) {
            self.memory().open_handles -= 1;
        }
    }

    async fn wake(self: &Arc<Self>) {
        if let Some(wake) = self.defect.wake
            && !self.is_awake.swap(true, Ordering::SeqCst)
        {
            wake(self).await;
        }
    }

    async fn before_read(self: &Arc<Self>) {
        self.wake().await;
        if let Some(before_read) = self.defect.before_read {
            before_read(self).await;
        }
    }

    /// What the storage says about itself.
    pub(crate) fn state(&self, mut state: LogState) -> LogState {
        if let Some(alter) = self.defect.state {
            alter(self, &mut state);
        }
        state
    }

    fn rows(&self, state: &LogState, rows: &mut Vec<PeerRow>) {
        if let Some(alter) = self.defect.rows {
            alter(self, state, rows);
        }
    }

    fn decide(&self, job: &mut WriteJob, view: &View<'_>) -> Result<Changes, LogError> {
        let state = self.state(*view.state);
        let needs = job.needs(&state);
        let mut view = view.clone();
        self.rows(&state, &mut view.peers);
        let mut decision = Decision::new(job, &needs, state, &view);
        match self.defect.decide {
            Some(decide) => decide(self, &mut decision),
            None => decision.take(),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What the hooks that write are made of.
impl Handle {
    /// Runs `job` as it is run by a correct store, but for the lies that are
    /// told under the lock.
    pub(crate) async fn commit(self: &Arc<Self>, job: WriteJob) -> Result<(), LogError> {
        self.inner
            .write(self.told_lies(job, |decided| decided))
            .await
    }

    /// Lets `job` decide and writes nothing: what it decided.
    pub(crate) async fn decide_apart(self: &Arc<Self>, job: WriteJob) -> Result<Changes, LogError> {
        self.commit_part(job, |changes| (Changes::default(), changes))
            .await
    }

    /// Lets `job` decide and writes the first of what `split` makes of that: the
    /// second.
    pub(crate) async fn commit_part(
        self: &Arc<Self>,
        job: WriteJob,
        split: impl Fn(Changes) -> (Changes, Changes) + Send + 'static,
    ) -> Result<Changes, LogError> {
        let slot = Arc::new(Mutex::new(Changes::default()));
        let kept = Arc::clone(&slot);
        let job = self.told_lies(job, move |decided| {
            let (now, later) = split(decided?);
            *kept.lock().unwrap() = later;
            Ok(now)
        });
        self.inner.write(job).await?;
        let later = slot.lock().unwrap().clone();
        Ok(later)
    }

    /// Writes what was decided before.
    pub(crate) async fn apply(&self, changes: Changes) -> Result<(), LogError> {
        let job = WriteJob::new(|_| Needs::default(), move |_| Ok(changes.clone()));
        self.inner.write(job).await
    }

    /// The state as it is.
    pub(crate) async fn read_state(&self) -> Result<LogState, StoreError> {
        Ok(self.inner.read(entries(0)).await?.state)
    }

    /// Closes the handle.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.leave();
        self.inner.close().await
    }

    /// `job`, shown what the defect shows; `then` is what becomes of the decision.
    pub(crate) fn told_lies(
        self: &Arc<Self>,
        job: WriteJob,
        mut then: impl FnMut(Result<Changes, LogError>) -> Result<Changes, LogError> + Send + 'static,
    ) -> WriteJob {
        let asking = Arc::new(Mutex::new(job));
        let deciding = Arc::clone(&asking);
        let (one, other) = (Arc::clone(self), Arc::clone(self));
        WriteJob::new(
            move |state| one.needs(&asking.lock().unwrap(), state),
            move |view| then(other.decide(&mut deciding.lock().unwrap(), view)),
        )
    }

    /// A defect that decides sees everything.
    fn needs(&self, job: &WriteJob, state: &LogState) -> Needs {
        let asked = job.needs(&self.state(*state));
        match self.defect.decide {
            Some(_) => Needs {
                entries: asked.entries,
                marks: asked.marks,
                peers: PeersNeeded::All,
                oldest: usize::MAX,
            },
            None => asked,
        }
    }
}

/// Asks for the oldest entries, and nobody's row.
pub(crate) fn entries(max_entries: usize) -> ReadRequest {
    ReadRequest {
        after: Hlc::ZERO,
        max_entries,
        max_bytes: usize::MAX,
        peer: None,
    }
}

/// Lets everyone else act, once.
pub(crate) async fn give_way() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A handle as core has it.
pub(crate) struct Broken(pub(crate) Arc<Handle>);

#[async_trait]
impl LogStore for Broken {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        let handle = &self.0;
        handle.wake().await;
        match handle.defect.write {
            Some(write) => write(handle, job).await,
            None => handle.commit(job).await,
        }
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let handle = &self.0;
        handle.before_read().await;
        let mut asked = request;
        if let Some(alter) = handle.defect.request {
            alter(&mut asked);
        }
        let mut view = handle.inner.read(asked).await?;
        view.state = handle.state(view.state);
        let mut rows = view.peer.take().into_iter().collect();
        handle.rows(&view.state, &mut rows);
        view.peer = rows.pop();
        if let Some(alter) = handle.defect.page {
            alter(handle, request, &mut view);
        }
        Ok(view)
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        let handle = &self.0;
        handle.before_read().await;
        let mut survey = handle.inner.survey(places).await?;
        survey.state = handle.state(survey.state);
        handle.rows(&survey.state.clone(), &mut survey.peers);
        if let Some(alter) = handle.defect.survey {
            alter(handle, &mut survey);
        }
        Ok(survey)
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        let handle = &self.0;
        match handle.defect.head_above {
            Some(head_above) => head_above(handle, place).await,
            None => handle.inner.head_above(place).await,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        let handle = &self.0;
        if let Some(close) = handle.defect.close {
            return close(handle).await;
        }
        handle.close().await
    }
}
