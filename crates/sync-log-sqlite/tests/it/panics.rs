//! A panic in code of the app fails one call, and the log goes on (`A7`).

use std::fmt::{Debug, Write};
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use sync_log_sqlite::{ErrorKind, LogError, StoreFault, SyncDb, WallClock};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use crate::common::events::{Events, Hear};
use crate::common::{DEVICE, LIBRARY, as_child, change, folder, other_program, run_alone, stamps};

const NOW_MS: i64 = 1_700_000_000_000;

/// A wall clock that panics at the reading that is so many ahead; 0 panics at none.
#[derive(Clone, Default)]
struct Moody(Arc<AtomicI64>);

impl WallClock for Moody {
    fn now_ms(&self) -> i64 {
        assert_ne!(self.0.fetch_sub(1, Ordering::Relaxed), 1, "a bad mood");
        NOW_MS
    }
}

async fn fails<T: Debug>(call: impl Future<Output = Result<T, LogError>>) {
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FixCall, "{error:?}");
    let is_panic =
        matches!(&error, LogError::Store(store) if store.fault() == StoreFault::Panicked);
    assert!(is_panic, "{error:?}");
}

#[tokio::test]
async fn a_wall_clock_that_panics_fails_one_call() {
    let folder = folder();
    let moody = Moody::default();
    let options = SyncDb::options().wall_clock(moody.clone());
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let mut written = vec![log.record(change(1)).await.unwrap()];
    for readings in 1..=3 {
        moody.0.store(readings, Ordering::Relaxed);
        fails(log.record(change(2))).await;
        written.push(log.record(change(3)).await.unwrap());
    }
    // Others share the commit, and are written all the same.
    moody.0.store(9, Ordering::Relaxed);
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.record(change(number)).await })
        })
        .collect();
    let mut failed = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(stamp) => written.push(stamp),
            Err(_) => failed += 1,
        }
    }
    assert!(failed <= 1, "{failed} calls failed");
    written.sort_unstable();
    let written: Vec<String> = written.iter().map(ToString::to_string).collect();
    assert_eq!(stamps(&other_program(folder.path())), written);
    log.close().await.unwrap();
}

/// A subscriber that panics at statements that begin so.
#[derive(Clone, Default)]
struct Trap(Arc<Mutex<Option<&'static str>>>);

impl Hear for Trap {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE && metadata.target() == "sync_log_sqlite::statement"
    }

    fn hear(&self, event: &Event<'_>) {
        let trap = *self.0.lock().unwrap();
        let mut text = Text::default();
        event.record(&mut text);
        let is_trapped = trap.is_some_and(|trap| text.0.contains(trap));
        assert!(!is_trapped, "trapped: {}", text.0);
    }
}

/// The fields of an event.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        write!(self.0, "{value:?} ").unwrap();
    }
}

#[tokio::test]
async fn a_subscriber_that_panics_fails_one_call() {
    if as_child().is_none() {
        return run_alone(a_subscriber_that_panics_fails_one_call);
    }
    let trap = Trap::default();
    tracing::subscriber::set_global_default(Events(trap.clone())).unwrap();
    let set = |text| *trap.0.lock().unwrap() = text;
    let folder = folder();
    let options = SyncDb::options().busy_timeout(std::time::Duration::MAX);
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let mut count = 0;
    for text in ["BEGIN IMMEDIATE", "INSERT", "UPDATE", "COMMIT", "ROLLBACK"] {
        set(Some(text));
        if text == "ROLLBACK" {
            // It is not reported, so this call only fails by itself.
            log.retire(DEVICE).await.unwrap_err();
        } else {
            fails(log.record(change(1))).await;
        }
        set(None);
        log.record(change(2)).await.unwrap();
        count += 1;
        assert_eq!(log.status().await.unwrap().pending_entries, count, "{text}");
    }
    set(Some("SELECT"));
    fails(log.head()).await;
    fails(log.explain()).await;
    set(None);
    assert_eq!(log.get_since(None, 10).await.unwrap().len(), 5);
    log.close().await.unwrap();
}
