//! The store: one lock around the data, and a handle that can be closed.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use sync_log_core::{
    Birth, Contents, Hlc, LogError, LogIdentity, LogState, LogStore, Positions, ReadRequest,
    ReadView, StoreError, StoreFault, Survey, WriteJob,
};

/// A sync log in memory. It keeps every promise of [`LogStore`] except durability: a killed
/// process takes the log along.
///
/// It stands for a *file*, so that tests can treat it as one: [`reopen`](Self::reopen) is another
/// handle on the file, [`copy`](Self::copy) is a backup of the file, and [`tamper`](Self::tamper)
/// is another program that writes to the file.
#[derive(Debug)]
pub struct MemoryStore {
    contents: Arc<Mutex<Contents>>,
    watching: Arc<Watching>,
    closed: AtomicBool,
}

/// The waiters for a new head, on any handle. Locked after the contents.
type Watching = Mutex<Vec<Waker>>;

impl MemoryStore {
    /// A new, empty log, made when the wall clock reads `now_ms`, as `birth` says.
    #[must_use]
    pub fn new(identity: LogIdentity, now_ms: i64, birth: Birth) -> Self {
        Self::on(Contents {
            state: LogState::made(identity, now_ms, birth),
            ..Contents::new(identity)
        })
    }

    fn on(contents: Contents) -> Self {
        Self {
            contents: Arc::new(Mutex::new(contents)),
            watching: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Another handle on the same log, open even if this one is closed. The next start of the
    /// app, or another process, would open such a handle.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self {
            contents: Arc::clone(&self.contents),
            watching: Arc::clone(&self.watching),
            closed: AtomicBool::new(false),
        }
    }

    /// A copy of the log as it is now, like a backup of the file. The two are independent from
    /// then on.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::on(self.lock().clone())
    }

    /// Lets `program` read and change the contents of the log, without any check. Every waiter
    /// looks at the head again.
    pub fn tamper<T>(&self, program: impl FnOnce(&mut Contents) -> T) -> T {
        let answer = program(&mut self.lock());
        self.wake();
        answer
    }

    // A panic while the lock is held is a bug in core's pure functions. They run before
    // anything is written, so the contents are whole.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        unpoisoned(&self.contents)
    }

    /// Wakes every waiter, so that it looks at the head again. A waiter on another thread may
    /// be about to wait: it holds the lock then, and is on the list before it releases the lock.
    fn wake(&self) {
        let no_waiter_is_between_look_and_list = self.lock();
        let waiting = std::mem::take(&mut *unpoisoned(&self.watching));
        // A waker may poll at once, and would wait for this lock.
        drop(no_waiter_is_between_look_and_list);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn poll_head(&self, position: Hlc, context: &Context<'_>) -> Poll<Result<Hlc, StoreError>> {
        let contents = match self.open("watch") {
            Ok(contents) => contents,
            Err(closed) => return Poll::Ready(Err(closed)),
        };
        let head = contents.state.head.hlc;
        if head > position {
            return Poll::Ready(Ok(head));
        }
        let mut watching = unpoisoned(&self.watching);
        if !watching
            .iter()
            .any(|waker| waker.will_wake(context.waker()))
        {
            watching.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn open(&self, doing: &'static str) -> Result<MutexGuard<'_, Contents>, StoreError> {
        // Under the lock, so that `close` wakes every waiter that saw the handle open.
        let contents = self.lock();
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::new(StoreFault::Closed, doing));
        }
        Ok(contents)
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl LogStore for MemoryStore {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        self.open("write")?.write(&mut job)?;
        self.wake();
        Ok(())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.open("read")?.read(request))
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        Ok(self.open("survey")?.survey(positions))
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        poll_fn(|context| self.poll_head(position, context)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.wake();
        Ok(())
    }
}
