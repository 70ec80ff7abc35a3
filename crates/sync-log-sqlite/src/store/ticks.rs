//! Ticks for watches. Commits of other handles and processes are not announced, so a watch
//! looks for them at an interval.
//!
//! A thread of the store ticks while any watch waits. No runtime needs a timer for it, and a
//! runtime whose clock stands still does not stop it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use sync_log_core::StoreError;
use tokio::sync::watch;

use super::thread;

/// How often a watch looks for commits of other handles and processes by default.
pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The shortest interval that is kept to.
const SHORTEST: Duration = Duration::from_millis(10);

/// The longest interval that is kept to.
const LONGEST: Duration = Duration::from_secs(60);

/// Ticks at an interval while any watch waits.
pub(super) struct Ticks {
    interval: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
    ticks: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    waiting: usize,
    is_ticking: bool,
    has_ended: bool,
}

/// A watch that waits. Dropping it ends the wait.
pub(super) struct Waiting {
    shared: Arc<Shared>,
    ticks: watch::Receiver<()>,
}

impl Ticks {
    /// At this interval, or at the nearest one that is kept to.
    pub(super) fn every(interval: Duration) -> Self {
        Self {
            interval: interval.clamp(SHORTEST, LONGEST),
            shared: Arc::new(Shared {
                state: Mutex::default(),
                ended: Condvar::new(),
                ticks: watch::Sender::default(),
            }),
        }
    }

    /// Begins a wait.
    pub(super) fn wait(&self) -> Result<Waiting, StoreError> {
        let mut state = self.shared.lock();
        if !state.is_ticking {
            let shared = Arc::clone(&self.shared);
            let interval = self.interval;
            thread::spawn("sync-log-watcher", move || shared.tick(interval))?;
            state.is_ticking = true;
        }
        state.waiting += 1;
        Ok(Waiting {
            shared: Arc::clone(&self.shared),
            ticks: self.shared.ticks.subscribe(),
        })
    }
}

impl Ticks {
    /// The wait in `waiting`, which begins with the first call.
    pub(super) fn wait_in<'a>(
        &self,
        waiting: &'a mut Option<Waiting>,
    ) -> Result<&'a mut Waiting, StoreError> {
        match waiting {
            Some(waiting) => Ok(waiting),
            None => Ok(waiting.insert(self.wait()?)),
        }
    }
}

impl Waiting {
    /// Returns at the next tick, or as soon as `event` is ready.
    pub(super) async fn tick_or(&mut self, event: impl Future<Output = ()>) {
        let mut event = pin!(event);
        let mut tick = pin!(self.ticks.changed());
        poll_fn(|context| match event.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            // A tick cannot fail: this struct holds the sender.
            Poll::Pending => tick.as_mut().poll(context).map(drop),
        })
        .await;
    }
}

impl Shared {
    fn tick(&self, interval: Duration) {
        loop {
            let waited = self
                .ended
                .wait_timeout_while(self.lock(), interval, |state| !state.has_ended);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            // The thread lives on for one interval without a watch, so that a watch that waits
            // again and again finds it.
            if state.has_ended || state.waiting == 0 {
                state.is_ticking = false;
                return;
            }
            drop(state);
            self.ticks.send_replace(());
        }
    }

    /// The guarded value is consistent between any two statements.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.ended.notify_all();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.lock().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    fn is_ticking(ticks: &Ticks) -> bool {
        ticks.shared.lock().is_ticking
    }

    #[tokio::test(start_paused = true)]
    async fn it_ticks_again_and_again_though_the_runtimes_clock_stands_still() {
        let ticks = Ticks::every(SHORT);
        let mut waiting = ticks.wait().unwrap();
        for _ in 0..3 {
            waiting.tick_or(pending()).await;
        }
    }

    #[tokio::test]
    async fn an_event_ends_the_wait_before_the_tick() {
        let ticks = Ticks::every(Duration::from_secs(60));
        ticks.wait().unwrap().tick_or(ready(())).await;
    }

    #[tokio::test]
    async fn the_thread_ends_without_a_watch_and_starts_again() {
        let ticks = Ticks::every(SHORT);
        for _ in 0..2 {
            ticks.wait().unwrap().tick_or(pending()).await;
            while is_ticking(&ticks) {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn watches_that_wait_at_once_share_a_thread_and_all_get_the_tick() {
        let ticks = Ticks::every(SHORT);
        let (mut one, mut other) = (ticks.wait().unwrap(), ticks.wait().unwrap());
        one.tick_or(pending()).await;
        other.tick_or(pending()).await;
        drop(one);
        other.tick_or(pending()).await;
    }
}
