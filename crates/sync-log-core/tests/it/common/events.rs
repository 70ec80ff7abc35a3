//! Counts what core logs at one level.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts the events of one level on this thread, as long as it lives.
pub(crate) struct Events {
    count: Arc<AtomicUsize>,
    _watching: DefaultGuard,
}

impl Events {
    pub(crate) fn at(level: Level) -> Self {
        let count = Arc::default();
        let counter = Counter {
            level,
            count: Arc::clone(&count),
        };
        Self {
            count,
            _watching: tracing::subscriber::set_default(counter),
        }
    }

    /// How many there were since the last call.
    pub(crate) fn take(&self) -> usize {
        self.count.swap(0, Ordering::Relaxed)
    }
}

struct Counter {
    level: Level,
    count: Arc<AtomicUsize>,
}

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == self.level
    }

    fn event(&self, _: &Event<'_>) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
