//! One handle on a broken store, and the hooks where it can lie.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use sync_log_core::{
    Hlc, LogError, LogState, LogStore, Needs, PeerRow, PeersNeeded, ReadRequest, ReadView,
    StoreError, Survey, View, WriteJob, Writes,
};

use crate::decision::Decision;
use crate::memory::{Memory, Own};

/// What a hook that waits returns.
pub(crate) type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Alters one part of what is shown.
type Alter<T> = fn(&Handle, &mut T);
/// Alters peer rows, given the state that is shown with them.
type AlterRows = fn(&Handle, &LogState, &mut Vec<PeerRow>);
/// Alters a page, given what was asked for.
type AlterPage = fn(&Handle, ReadRequest, &mut ReadView);
/// Takes a decision of core.
type Decide = fn(&Handle, &mut Decision<'_>) -> Result<Writes, LogError>;
/// Alters what core is shown when it decides.
type Mislead = fn(&mut Decision<'_>);
/// Knows better than a refusal of core, if it returns something.
type Overrule = fn(&mut Decision<'_>, &LogError) -> Option<Result<Writes, LogError>>;
/// Alters what core decided.
type Amend = fn(&Decision<'_>, &mut Writes);
/// Runs a whole write.
type Write = for<'a> fn(&'a Arc<Handle>, WriteJob) -> Waiting<'a, Result<(), LogError>>;
/// Waits for the head.
type HeadAbove = for<'a> fn(&'a Arc<Handle>, Hlc) -> Waiting<'a, Result<Hlc, StoreError>>;
/// Closes a handle.
type Close = for<'a> fn(&'a Arc<Handle>) -> Waiting<'a, Result<(), StoreError>>;
/// Goes before something else.
type Before = for<'a> fn(&'a Arc<Handle>) -> Waiting<'a, ()>;

/// What is wrong with a store. A hook that is missing does what is right.
#[derive(Clone, Copy, Default)]
pub(crate) struct Defect {
    /// What the storage says about itself, wherever it says it.
    pub(crate) state: Option<Alter<LogState>>,
    /// Peer rows, wherever they are shown.
    pub(crate) rows: Option<AlterRows>,
    /// A decision, under the lock. It sees all rows and all entries.
    pub(crate) decide: Option<Decide>,
    /// What core is shown when it decides. It sees all rows and all entries.
    pub(crate) mislead: Option<Mislead>,
    /// What core refused. It sees all rows and all entries.
    pub(crate) overrule: Option<Overrule>,
    /// What core decided. It sees all rows and all entries.
    pub(crate) amend: Option<Amend>,
    /// A write, from its call to its answer.
    pub(crate) write: Option<Write>,
    /// What is read instead of what core asked for.
    pub(crate) request: Option<fn(&mut ReadRequest)>,
    /// What was read.
    pub(crate) page: Option<AlterPage>,
    /// What was summed up.
    pub(crate) survey: Option<Alter<Survey>>,
    /// What goes before every call that reads.
    pub(crate) before_read: Option<Before>,
    /// What goes before the first call of a handle.
    pub(crate) wake: Option<Before>,
    /// How the head is waited for.
    pub(crate) head_above: Option<HeadAbove>,
    /// How a handle is closed.
    pub(crate) close: Option<Close>,
}

impl Defect {
    pub(crate) fn stating(state: Alter<LogState>) -> Self {
        Self {
            state: Some(state),
            ..Self::default()
        }
    }

    pub(crate) fn deciding(decide: Decide) -> Self {
        Self {
            decide: Some(decide),
            ..Self::default()
        }
    }

    pub(crate) fn misleading(mislead: Mislead) -> Self {
        Self {
            mislead: Some(mislead),
            ..Self::default()
        }
    }

    pub(crate) fn overruling(overrule: Overrule) -> Self {
        Self {
            overrule: Some(overrule),
            ..Self::default()
        }
    }

    pub(crate) fn amending(amend: Amend) -> Self {
        Self {
            amend: Some(amend),
            ..Self::default()
        }
    }

    pub(crate) fn writing(write: Write) -> Self {
        Self {
            write: Some(write),
            ..Self::default()
        }
    }

    pub(crate) fn asking(request: fn(&mut ReadRequest)) -> Self {
        Self {
            request: Some(request),
            ..Self::default()
        }
    }

    pub(crate) fn paging(page: AlterPage) -> Self {
        Self {
            page: Some(page),
            ..Self::default()
        }
    }

    pub(crate) fn surveying(survey: Alter<Survey>) -> Self {
        Self {
            survey: Some(survey),
            ..Self::default()
        }
    }

    pub(crate) fn watching(head_above: HeadAbove) -> Self {
        Self {
            head_above: Some(head_above),
            ..Self::default()
        }
    }

    pub(crate) fn closing(close: Close) -> Self {
        Self {
            close: Some(close),
            ..Self::default()
        }
    }
}

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

    pub(crate) async fn wake(self: &Arc<Self>) {
        if let Some(wake) = self.defect.wake
            && !self.is_awake.swap(true, Ordering::SeqCst)
        {
            wake(self).await;
        }
    }

    pub(crate) async fn before_read(self: &Arc<Self>) {
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

    pub(crate) fn rows(&self, state: &LogState, rows: &mut Vec<PeerRow>) {
        if let Some(alter) = self.defect.rows {
            alter(self, state, rows);
        }
    }

    fn decide(&self, job: &mut WriteJob, view: &View<'_>) -> Result<Writes, LogError> {
        let state = self.state(*view.state);
        let needs = job.needs(&state);
        let mut view = view.clone();
        self.rows(&state, &mut view.peers);
        let mut decision = Decision::new(job, &needs, state, &view);
        if let Some(mislead) = self.defect.mislead {
            mislead(&mut decision);
        }
        let mut decided = match self.defect.decide {
            Some(decide) => decide(self, &mut decision),
            None => decision.take(),
        };
        if let (Some(overrule), Err(why)) = (self.defect.overrule, &decided) {
            return overrule(&mut decision, why).unwrap_or(decided);
        }
        if let (Some(amend), Ok(changes)) = (self.defect.amend, &mut decided) {
            amend(&decision, changes);
        }
        decided
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
    pub(crate) async fn decide_apart(self: &Arc<Self>, job: WriteJob) -> Result<Writes, LogError> {
        self.commit_part(job, |changes| (Writes::default(), changes))
            .await
    }

    /// Lets `job` decide and writes the first of what `split` makes of that: the
    /// second.
    pub(crate) async fn commit_part(
        self: &Arc<Self>,
        job: WriteJob,
        split: impl Fn(Writes) -> (Writes, Writes) + Send + 'static,
    ) -> Result<Writes, LogError> {
        let slot = Arc::new(Mutex::new(Writes::default()));
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
    pub(crate) async fn apply(&self, changes: Writes) -> Result<(), LogError> {
        let job = WriteJob::new(|_| Needs::default(), move |_| Ok(changes.clone()));
        self.inner.write(job).await
    }

    /// Writes what the last read put off, before the next.
    pub(crate) async fn write_what_was_put_off(&self) {
        let pending = self.own().pending.take();
        if let Some(changes) = pending {
            // The read itself reports it if this fails.
            let _ = self.apply(changes).await;
        }
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
        mut then: impl FnMut(Result<Writes, LogError>) -> Result<Writes, LogError> + Send + 'static,
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
        let Defect {
            decide,
            mislead,
            overrule,
            amend,
            ..
        } = self.defect;
        let looks = [mislead.is_some(), overrule.is_some(), amend.is_some()];
        if decide.is_none() && !looks.contains(&true) {
            return asked;
        }
        Needs {
            entries: asked.entries,
            marks: asked.marks,
            peers: PeersNeeded::All,
            oldest: usize::MAX,
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
