//! A clock that is ahead is never silent (`H9`). What `explain` and `status` say about it are cases of
//! the conformance suite.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sync_log_core::{LogOptions, SyncLog};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::common::values::{HOUR_MS, Log};
use crate::common::{DEVICE, LIBRARY, change};

/// Counts warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_clock_that_is_ahead_is_warned_of_once_per_opening() {
    let warnings = Warnings::default();
    let _watching = tracing::subscriber::set_default(warnings.clone());
    let warned = || warnings.0.load(Ordering::Relaxed);
    let log = Log::new().await;
    log.wall.advance_ms(25 * HOUR_MS);
    log.record(change()).await.unwrap();
    log.wall.advance_ms(-24 * HOUR_MS);
    log.record(change()).await.unwrap();
    assert_eq!(warned(), 0, "within the limit");
    log.wall.advance_ms(-2 * HOUR_MS);
    log.record(change()).await.unwrap();
    log.record(change()).await.unwrap();
    assert_eq!(warned(), 1, "once");
    let options = LogOptions::new(Arc::clone(&log.wall));
    let opened = SyncLog::open(log.values.clone(), LIBRARY, DEVICE, options).await;
    opened.unwrap().record(change()).await.unwrap();
    assert_eq!(warned(), 2, "once per opening");
}
