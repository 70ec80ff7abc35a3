//! Counts the statements of the product, and aborts the process at one of them, which reaches each step
//! of each call.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::statements::BeforeEach;

/// How many statements there were.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many statements are left; 0 if this process does not abort.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Listens to the statements of this process.
pub(super) fn listen() {
    let counting = BeforeEach(|_: &str| count_down());
    tracing::subscriber::set_global_default(counting).unwrap();
}

fn count_down() {
    COUNT.fetch_add(1, Ordering::Relaxed);
    let is_armed = LEFT.load(Ordering::Relaxed) > 0;
    if is_armed && LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
        std::process::abort();
    }
}

/// How many statements this process has run.
pub(super) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Aborts this process before the statement with this number, counted from 1 and from now on.
pub(super) fn abort_at(statement: u64) {
    LEFT.store(statement, Ordering::Relaxed);
}
