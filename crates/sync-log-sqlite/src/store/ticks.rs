//! Ticks for those who wait for the commits of others, which nothing announces.
//!
//! A thread of the store's own ticks as long as anyone waits: no runtime has to have a
//! timer, and one whose clock stands still holds up nothing.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sync_log_core::StoreError;
use tokio::sync::watch;

use super::thread;
use crate::options::within_bounds;

/// What ticks at an interval while anyone waits.
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

/// Somebody who waits.
pub(super) struct Waiting {
    shared: Arc<Shared>,
    ticks: watch::Receiver<()>,
}

impl Ticks {
    pub(super) fn every(interval: Duration) -> Self {
        Self {
            interval: within_bounds(interval),
            shared: Arc::new(Shared {
                state: Mutex::default(),
                ended: Condvar::new(),
                ticks: watch::Sender::default(),
            }),
        }
    }

    /// Waits from here on, until what is returned is dropped.
    pub(super) fn wait(&self) -> Result<Waiting, StoreError> {
        let mut state = self.shared.lock();
        if !state.is_ticking {
            let (shared, interval) = (Arc::clone(&self.shared), self.interval);
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

impl Waiting {
    /// Returns at the next tick.
    pub(super) async fn tick(&mut self) {
        // The sender is in what this holds.
        let _ = self.ticks.changed().await;
    }
}

impl Shared {
    fn tick(&self, interval: Duration) {
        loop {
            let state = self.lock();
            let waited = self
                .ended
                .wait_timeout_while(state, interval, |state| !state.has_ended);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            // Not at once when nobody waits: who waits again and again finds the thread.
            if state.has_ended || state.waiting == 0 {
                state.is_ticking = false;
                return;
            }
            drop(state);
            self.ticks.send_replace(());
        }
    }

    /// What this guards is whole between any two statements.
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
            waiting.tick().await;
        }
    }

    #[tokio::test]
    async fn the_thread_ends_when_nobody_waits_and_comes_back() {
        let ticks = Ticks::every(SHORT);
        for _ in 0..2 {
            ticks.wait().unwrap().tick().await;
            while is_ticking(&ticks) {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn those_who_wait_at_once_share_a_thread_and_all_are_told() {
        let ticks = Ticks::every(SHORT);
        let (mut one, mut other) = (ticks.wait().unwrap(), ticks.wait().unwrap());
        one.tick().await;
        other.tick().await;
        drop(one);
        other.tick().await;
    }
}
