//! The handles of one opened log, as its watches see them: what changes through a handle wakes the watches, and
//! a watch ends with the last handle.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Every clone of a handle holds this value, and no watch does. So the value is dropped with the last
/// handle, and its drop wakes the watches.
#[derive(Default)]
pub(super) struct Handles {
    watches: Mutex<Watches>,
}

#[derive(Default)]
struct Watches {
    /// How many watches there were.
    count: u64,
    /// How many changes there were.
    changes: u64,
    /// The wakers of the watches that wait, each with the number of its watch.
    waiting: BTreeMap<u64, Waker>,
}

impl Handles {
    /// The number of a new watch.
    pub(super) fn number(&self) -> u64 {
        let mut watches = self.watches();
        watches.count += 1;
        watches.count
    }

    /// Registers the waker of a watch, which is woken by the next change, and when the last handle is
    /// dropped. Returns how many changes there were before.
    pub(super) fn wait(&self, watch: u64, waker: &Waker) -> u64 {
        let mut watches = self.watches();
        watches.waiting.insert(watch, waker.clone());
        watches.changes
    }

    /// How many changes there were.
    pub(super) fn changes(&self) -> u64 {
        self.watches().changes
    }

    /// Counts a change that is committed, and wakes the watches that wait.
    pub(super) fn changed(&self) {
        let mut watches = self.watches();
        watches.changes += 1;
        let waiting = std::mem::take(&mut watches.waiting);
        // A waker may poll at once, and would wait for this lock.
        drop(watches);
        waiting.into_values().for_each(Waker::wake);
    }

    /// Removes a watch that waits no longer.
    pub(super) fn forget(&self, watch: u64) {
        self.watches().waiting.remove(&watch);
    }

    /// The guarded value is consistent between any two statements.
    fn watches(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        let waiting = std::mem::take(&mut self.watches().waiting);
        waiting.into_values().for_each(Waker::wake);
    }
}
