//! A watch does not keep a dropped log open (`R3`).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use sync_log_core::{Hlc, LogError, LogOptions, StoreFault, SyncLog, Watch};

use crate::common::values::Log;
use crate::common::{DEVICE, LIBRARY};

/// A log on a store that says whether it is still there.
async fn log() -> (SyncLog, std::sync::Weak<crate::common::values::Values>) {
    let values = Arc::new(Log::new().await.values.clone());
    let store = Arc::downgrade(&values);
    let wall = sync_log_core::ManualClock::new(1_700_000_000_000);
    let options = LogOptions::new(wall);
    let log = SyncLog::open(values, LIBRARY, DEVICE, options).await;
    (log.unwrap(), store)
}

async fn is_closed(watch: &mut Watch) -> bool {
    match watch.changed().await {
        Err(LogError::Store(error)) => error.fault() == StoreFault::Closed,
        _ => false,
    }
}

#[tokio::test]
async fn a_watch_of_a_dropped_log_is_closed_and_keeps_nothing() {
    let (log, store) = log().await;
    let mut watch = log.watch(Hlc::ZERO);
    drop(log);
    assert!(store.upgrade().is_none());
    assert!(is_closed(&mut watch).await);
}

#[tokio::test]
async fn a_watch_that_waits_ends_with_the_last_handle() {
    let (log, store) = log().await;
    let clone = log.clone();
    let mut watch = log.watch(Hlc::ZERO);
    let mut waiting = pin!(is_closed(&mut watch));
    let begun = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
    assert!(begun.is_pending());
    drop(log);
    assert!(store.upgrade().is_some(), "another handle is open");
    let ended = tokio::spawn(async move { drop(clone) });
    assert!(waiting.await, "it is woken");
    ended.await.unwrap();
    assert!(
        store.upgrade().is_none(),
        "a watch that is kept keeps no store"
    );
}

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets a watch wait once, with a waker that counts.
fn wait_once(watch: &mut Watch, woken: &Arc<Woken>) {
    let waker = Waker::from(Arc::clone(woken));
    let waiting = pin!(watch.changed());
    assert!(waiting.poll(&mut Context::from_waker(&waker)).is_pending());
}

#[tokio::test]
async fn the_last_handle_wakes_every_watch_that_waits_and_none_that_is_dropped() {
    let (log, _) = log().await;
    let (woken, of_dropped) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    let [mut first, mut second, mut dropped] = [(); 3].map(|()| log.watch(Hlc::ZERO));
    wait_once(&mut first, &woken);
    wait_once(&mut second, &woken);
    wait_once(&mut dropped, &of_dropped);
    drop(dropped);
    assert_eq!(Arc::strong_count(&of_dropped), 1, "its waker is kept");
    drop(log);
    assert_eq!(woken.0.load(Ordering::Relaxed), 2, "one watch sleeps on");
}
