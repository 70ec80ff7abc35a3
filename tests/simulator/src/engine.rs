//! Runs one future at a time, until it is done or stopped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::timeout;

use crate::gate::Valve;

/// Longer than a future on files takes that has to be done.
const LONG: Duration = Duration::from_secs(30);

/// What polls the operations: one thread, one operation.
pub(crate) enum Engine {
    /// Futures on the store in memory never wait for something outside: they are
    /// done, stopped, or only gave way.
    Memory,
    /// Futures on files wait for the threads of the database, one at a time.
    Files(tokio::runtime::Runtime),
}

impl Engine {
    pub(crate) fn for_files() -> Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().build();
        Ok(Self::Files(runtime.context("failed to start a runtime")?))
    }

    /// Runs `future` to its end.
    pub(crate) fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        let answer = self.run(pin!(future), || false);
        answer.expect("a future that nothing stops ends")
    }

    /// Runs `future` until it is done, or until `valve` stops it: `None`.
    pub(crate) fn drive<T>(
        &self,
        future: Pin<&mut (dyn Future<Output = T> + Send)>,
        valve: &Valve,
    ) -> Option<T> {
        self.run(future, || valve.is_stopped())
    }

    /// Polls a future that goes on waiting. One that `has_to` be done is waited for, in
    /// memory until nothing wakes it, on files for a while.
    pub(crate) fn look_in<T>(
        &self,
        mut future: Pin<&mut (dyn Future<Output = T> + Send)>,
        woken: &Arc<Woken>,
        has_to: bool,
    ) -> Option<T> {
        match self {
            Self::Memory => {
                let waker = Waker::from(Arc::clone(woken));
                let mut context = Context::from_waker(&waker);
                // One that was never polled was not woken either.
                while woken.0.swap(false, Ordering::Relaxed) {
                    if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
                        return Some(answer);
                    }
                }
                None
            }
            Self::Files(runtime) if has_to => {
                runtime.block_on(async { timeout(LONG, future).await.ok() })
            }
            Self::Files(runtime) => {
                runtime.block_on(poll_fn(|context| match future.as_mut().poll(context) {
                    Poll::Ready(answer) => Poll::Ready(Some(answer)),
                    Poll::Pending => Poll::Ready(None),
                }))
            }
        }
    }

    fn run<F: Future + ?Sized>(
        &self,
        mut future: Pin<&mut F>,
        is_stopped: impl Fn() -> bool,
    ) -> Option<F::Output> {
        let mut step = |context: &mut Context<'_>| match future.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if is_stopped() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        };
        match self {
            Self::Memory => loop {
                let woken = Arc::new(Woken(AtomicBool::new(false)));
                let waker = Waker::from(Arc::clone(&woken));
                match step(&mut Context::from_waker(&waker)) {
                    Poll::Ready(answer) => return answer,
                    Poll::Pending if woken.0.load(Ordering::Relaxed) => {}
                    Poll::Pending => panic!("a future in memory waits for something"),
                }
            },
            Self::Files(runtime) => runtime.block_on(poll_fn(step)),
        }
    }
}

/// Whether a future wants to be polled, as it does at first.
pub(crate) struct Woken(AtomicBool);

impl Default for Woken {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
