//! The store's own threads: SQLite waits for the disk and for locks, which must not block the
//! caller's executor.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Builder, Thread};
use std::time::{Duration, Instant};

use sync_log_core::{StoreError, StoreFault};
use tokio::sync::oneshot;
use tracing::{Dispatch, Span, dispatcher};

/// Starts a thread.
pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let started = Builder::new().name(name.to_owned()).spawn(run);
    started
        .map(drop)
        .map_err(|error| StoreError::new(StoreFault::Io, "start a thread").with_source(error))
}

/// Whether the caller still waits for the outcome.
pub(crate) type Wanted<'a> = &'a dyn Fn() -> bool;

/// Runs `work` on a thread of its own, which logs to the subscriber and in the span of the caller.
/// Dropping the future does not stop `work`, but `work` can ask whether the caller still waits.
pub(crate) async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce(Wanted<'_>) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let (answer, answered) = oneshot::channel();
    let subscriber = dispatcher::get_default(Dispatch::clone);
    let span = Span::current();
    spawn(name, move || {
        let work = || work(&|| !answer.is_closed());
        let outcome = dispatcher::with_default(&subscriber, || span.in_scope(work));
        // No receiver is left if the caller has dropped its future.
        let _ = answer.send(outcome);
    })?;
    answered
        .await
        .map_err(|_| StoreError::new(StoreFault::Io, "wait for a thread that has panicked"))
}

/// Blocks this thread until the future is ready, or for `limit` if there is one. The thread
/// measures the time itself, without a runtime.
pub(super) fn wait<T>(future: impl Future<Output = T>, limit: Option<Duration>) -> Option<T> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let context = &mut Context::from_waker(&waker);
    let deadline = limit.map(|limit| Instant::now() + limit);
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(context) {
            return Some(outcome);
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(Duration::ZERO) => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_waits_until_the_future_is_ready() {
        let (answer, answered) = oneshot::channel();
        spawn("answers", || {
            thread::sleep(Duration::from_millis(5));
            answer.send(7).unwrap();
        })
        .unwrap();
        assert_eq!(wait(answered, None), Some(Ok(7)));
    }

    #[test]
    fn a_thread_waits_no_longer_than_it_may() {
        let limit = Some(Duration::from_millis(5));
        assert_eq!(wait(std::future::pending::<()>(), limit), None);
    }
}
