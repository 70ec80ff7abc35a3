//! What can happen to a call on its way to the store and back.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use sync_log_core::{
    Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, StoreFault, Survey,
    View, WriteJob, Writes,
};

/// What happens to one call of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// The operation stays here, before the call, until somebody resumes it:
    /// everything else overtakes it.
    ParkBefore,
    /// The same, after the call.
    ParkAfter,
    /// The store fails before it did anything.
    Fail,
    /// The store commits, and then fails to say so.
    LoseAnswer,
    /// The store takes the decision, fails half-way and rolls back.
    Tear,
    /// The store rolls back once and decides again.
    DecideTwice,
    /// The process is killed before the call.
    CrashBefore,
    /// The process is killed after the call, before its answer is used.
    CrashAfter,
    /// The caller drops the future before the call.
    CancelBefore,
    /// The caller drops the future after it was polled once inside the call.
    CancelDuring,
}

impl Incident {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ParkBefore,
        Self::ParkAfter,
        Self::Fail,
        Self::LoseAnswer,
        Self::Tear,
        Self::DecideTwice,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CancelBefore,
        Self::CancelDuring,
    ];

    /// How it is called in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ParkBefore => "held up before",
            Self::ParkAfter => "held up after",
            Self::Fail => "store fails in",
            Self::LoseAnswer => "answer lost of",
            Self::Tear => "torn in",
            Self::DecideTwice => "decided twice in",
            Self::CrashBefore => "crash before",
            Self::CrashAfter => "crash after",
            Self::CancelBefore => "cancelled before",
            Self::CancelDuring => "cancelled during",
        }
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An incident and the call that it happens to, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    pub incident: Incident,
    /// To which call of the operation.
    pub call: u8,
}

/// Why an operation goes no further by itself.
#[derive(Debug, Clone)]
pub(crate) enum Stopped {
    Parked(Arc<AtomicBool>),
    Cancelled,
    Crashed,
}

#[derive(Default)]
struct State {
    armed: Option<Struck>,
    happened: Option<Incident>,
    stopped: Option<Stopped>,
}

/// The hand on the gate of one handle. Only one operation moves at a time, so
/// what is armed is meant for that one.
#[derive(Default)]
pub(crate) struct Valve(Mutex<State>);

impl Valve {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before an operation moves: what is to happen to it.
    pub(crate) fn arm(&self, armed: Option<Struck>) {
        *self.lock() = State {
            armed,
            ..State::default()
        };
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped.is_some()
    }

    /// After an operation moved: what happened to it.
    pub(crate) fn disarm(&self) -> (Option<Incident>, Option<Stopped>) {
        let state = std::mem::take(&mut *self.lock());
        (state.happened, state.stopped)
    }

    /// What happens to the call that comes now.
    fn next(&self) -> Option<Incident> {
        let mut state = self.lock();
        match &mut state.armed {
            Some(Struck { call: 0, incident }) => {
                let incident = *incident;
                state.armed = None;
                state.happened = Some(incident);
                Some(incident)
            }
            Some(Struck { call, .. }) => {
                *call -= 1;
                None
            }
            None => None,
        }
    }

    fn stop(&self, stopped: Stopped) {
        self.lock().stopped = Some(stopped);
    }

    async fn park(&self) {
        let released = Arc::new(AtomicBool::new(false));
        self.stop(Stopped::Parked(Arc::clone(&released)));
        poll_fn(|_| {
            if released.load(Ordering::Relaxed) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Passes calls on to a store, through a valve.
pub(crate) struct Gate {
    inner: Arc<dyn LogStore>,
    valve: Arc<Valve>,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn LogStore>, valve: Arc<Valve>) -> Self {
        Self { inner, valve }
    }

    async fn pass<T, E: From<StoreError>>(
        &self,
        incident: Option<Incident>,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        match incident {
            None | Some(Incident::Tear | Incident::DecideTwice) => call.await,
            Some(Incident::ParkBefore) => {
                self.valve.park().await;
                call.await
            }
            Some(Incident::ParkAfter) => {
                let answer = call.await;
                self.valve.park().await;
                answer
            }
            Some(Incident::Fail) => Err(failure(StoreFault::Full).into()),
            Some(Incident::LoseAnswer) => {
                call.await?;
                Err(failure(StoreFault::Io).into())
            }
            Some(Incident::CrashBefore) => self.end(Stopped::Crashed).await,
            Some(Incident::CrashAfter) => {
                drop(call.await);
                self.end(Stopped::Crashed).await
            }
            Some(Incident::CancelBefore) => self.end(Stopped::Cancelled).await,
            Some(Incident::CancelDuring) => {
                poll_once(call).await;
                self.end(Stopped::Cancelled).await
            }
        }
    }

    async fn end<T>(&self, stopped: Stopped) -> T {
        self.valve.stop(stopped);
        pending().await
    }
}

#[async_trait]
impl LogStore for Gate {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        let incident = self.valve.next();
        let job = match incident {
            Some(Incident::Tear) => torn(job),
            Some(Incident::DecideTwice) => twice(job),
            _ => job,
        };
        self.pass(incident, self.inner.write(job)).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.pass(self.valve.next(), self.inner.read(request)).await
    }

    async fn survey(&self, places: Positions) -> Result<Survey, StoreError> {
        self.pass(self.valve.next(), self.inner.survey(places))
            .await
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        self.inner.head_above(place).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

fn failure(kind: StoreFault) -> StoreError {
    StoreError::new(kind, "pass the gate")
}

/// The same job, decided and then rolled back.
fn torn(job: WriteJob) -> WriteJob {
    redecided(job, |job, view| {
        job.decide(view)?;
        Err(failure(StoreFault::Full).into())
    })
}

/// The same job, of which only the second decision counts.
fn twice(job: WriteJob) -> WriteJob {
    redecided(job, |job, view| {
        job.decide(view)?;
        job.decide(view)
    })
}

fn redecided(
    job: WriteJob,
    decide: fn(&mut WriteJob, &View<'_>) -> Result<Writes, LogError>,
) -> WriteJob {
    let job = Arc::new(Mutex::new(job));
    let wanted = Arc::clone(&job);
    WriteJob::new(
        move |state| {
            let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.needs(state)
        },
        move |view| {
            let mut locked = job.lock().unwrap_or_else(PoisonError::into_inner);
            decide(&mut locked, view)
        },
    )
}

async fn poll_once(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Whatever it says: its answer is not waited for.
        let _ = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

#[cfg(test)]
mod tests;
