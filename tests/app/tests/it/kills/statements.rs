//! Counts the statements of the product, and aborts the process at one of them, which reaches each step
//! of each call.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// How many statements there were.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many statements are left; 0 if this process does not abort.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Listens to the statements of this process.
pub(super) fn listen() {
    tracing::subscriber::set_global_default(Aborting).unwrap();
}

/// How many statements this process has run.
pub(super) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Aborts this process before the statement with this number, counted from 1 and from now on.
pub(super) fn abort_at(statement: u64) {
    LEFT.store(statement, Ordering::Relaxed);
}

/// The product reports each statement before it runs it.
struct Aborting;

impl Subscriber for Aborting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE && metadata.target() == "sync_log_sqlite::statement"
    }

    fn event(&self, _: &Event<'_>) {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let is_armed = LEFT.load(Ordering::Relaxed) > 0;
        if is_armed && LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
            std::process::abort();
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
