//! A watch of the status wakes after each change that is committed, and after nothing else (`R3`).

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sync_log_core::{LogError, StatusWatch, StoreFault};

use crate::common::values::Log;
use crate::common::{PEER, change};

/// Lets a watch wait once.
fn poll_once(watch: &mut StatusWatch) -> Poll<Result<(), LogError>> {
    let waiting = pin!(watch.changed());
    waiting.poll(&mut Context::from_waker(Waker::noop()))
}

fn is_woken(watch: &mut StatusWatch) -> bool {
    match poll_once(watch) {
        Poll::Ready(woken) => woken.is_ok(),
        Poll::Pending => false,
    }
}

#[tokio::test]
async fn what_changes_the_status_wakes_a_watch_once_and_what_changes_nothing_does_not() {
    let log = Log::new().await;
    let mut watch = log.watch_status().await.unwrap();
    assert!(!is_woken(&mut watch));
    log.register_peer(PEER).await.unwrap();
    assert!(is_woken(&mut watch), "a peer");
    log.register_peer(PEER).await.unwrap();
    assert!(!is_woken(&mut watch), "it was registered before");
    let hlc = log.record(change()).await.unwrap();
    assert!(is_woken(&mut watch), "an entry");
    assert!(!is_woken(&mut watch), "it is seen");
    log.record_ack(PEER, hlc).await.unwrap();
    log.prune_acked().await.unwrap();
    assert!(is_woken(&mut watch), "an ack and a prune");
    log.record_ack(PEER, hlc).await.unwrap();
    log.status().await.unwrap();
    assert!(!is_woken(&mut watch), "the same ack");
    log.status_changed();
    assert!(is_woken(&mut watch), "something beside the log");
}

#[tokio::test]
async fn a_change_wakes_a_watch_that_waits_and_each_of_several() {
    let log = Log::new().await;
    let mut watches = [
        log.watch_status().await.unwrap(),
        log.watch_status().await.unwrap(),
    ];
    let changes = watches.each_mut().map(StatusWatch::changed);
    let [mut first, mut second] = changes.map(Box::pin);
    for change in [&mut first, &mut second] {
        let polled = change
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    let registered = tokio::spawn({
        let log = (*log).clone();
        async move { log.register_peer(PEER).await }
    });
    first.await.unwrap();
    second.await.unwrap();
    registered.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_watch_of_the_status_ends_with_the_last_handle() {
    let log = Log::new().await;
    let clone = (*log).clone();
    let mut watch = log.watch_status().await.unwrap();
    drop(log);
    assert!(poll_once(&mut watch).is_pending(), "another handle is open");
    let ended = tokio::spawn(async move { drop(clone) });
    let Err(LogError::Store(error)) = watch.changed().await else {
        panic!("the watch ends");
    };
    assert_eq!(error.fault(), StoreFault::Closed);
    ended.await.unwrap();
}
