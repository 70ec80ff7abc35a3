//! A watch reports that the head moved: perhaps late, never early (`R3`).

use std::future::Future;
use std::time::Duration;

use sync_log_core::{Cursor, Hlc, LogError, StoreFault};
use tokio::time::timeout;

use crate::harness::Harness;
use crate::rig::Rig;
use crate::runtime::{dropped_after, is_done_at_once};
use crate::sample::{change, peer};

/// A store that polls notices a commit much sooner.
const SOON: Duration = Duration::from_secs(5);
/// Long enough to see that no watch wakes, except on a very slow store.
const A_WHILE: Duration = Duration::from_millis(200);

async fn told(what: &str, telling: impl Future<Output = Result<Hlc, LogError>>) -> Hlc {
    let told = timeout(SOON, telling).await;
    told.unwrap_or_else(|_| panic!("R3: {what} is not told"))
        .unwrap()
}

/// A commit through any handle of the process wakes a watch.
pub async fn a_commit_wakes_who_waits<H: Harness>(rig: Rig<H>) {
    let (log, other) = (rig.open().await, rig.open().await);
    let mut watch = log.watch(Hlc::ZERO);
    for writer in [&log, &other, &log] {
        let waiting = tokio::spawn(async move {
            let head = told("a commit", watch.changed()).await;
            (head, watch)
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let hlc = writer.record(change(0)).await.unwrap();
        let head;
        (head, watch) = waiting.await.unwrap();
        assert_eq!(head, hlc, "R3");
    }
}

/// A watch on an older stamp returns at once.
pub async fn what_was_committed_before_is_told_at_once<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    for seen in [Hlc::ZERO, stamps[0], stamps[1]] {
        let mut watch = log.watch(seen);
        assert_eq!(told("the head", watch.changed()).await, stamps[2], "R3");
    }
    let log = rig.reopen(log).await;
    let mut watch = log.watch(stamps[1]);
    assert_eq!(told("after a restart", watch.changed()).await, stamps[2]);
}

/// The returned heads rise, and none is returned twice.
pub async fn heads_that_are_told_go_up<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut watch = log.watch(Hlc::ZERO);
    let mut last = Hlc::ZERO;
    for _ in 0..3 {
        let stamps = log.record_one_by_one(2).await;
        let head = told("a commit", watch.changed()).await;
        assert!(head > last && head == stamps[1], "R3");
        last = head;
        let again = timeout(A_WHILE, watch.changed()).await;
        assert!(again.is_err(), "R3: nothing came, but {again:?} was told");
    }
}

/// Acks, registrations and prunes wake no watch.
pub async fn what_adds_nothing_is_not_told<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let hlc = log.record(change(0)).await.unwrap();
    let mut watch = log.watch(hlc);
    log.register_peer(peer(1)).await.unwrap();
    log.record_ack(peer(1), hlc).await.unwrap();
    log.tick().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1);
    let told = timeout(A_WHILE, watch.changed()).await;
    assert!(told.is_err(), "R3: {told:?}");
}

/// A wait that is dropped, after any number of polls, misses no commit.
pub async fn a_wait_that_is_dropped_loses_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut watch = log.watch(Hlc::ZERO);
    for polls in 0..4 {
        let early = timeout(A_WHILE, dropped_after(polls, watch.changed())).await;
        assert!(
            early.is_err() || early.unwrap().is_none(),
            "R3: nothing came"
        );
        let hlc = log.record(change(0)).await.unwrap();
        assert_eq!(told("a commit", watch.changed()).await, hlc, "R3");
    }
}

/// Closing ends a watch, even one that waits.
pub async fn closing_ends_a_watch<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let hlc = log.record(change(0)).await.unwrap();
    let mut watch = log.watch(hlc);
    let waiting = tokio::spawn(async move {
        let ended = timeout(SOON, watch.changed()).await;
        (ended, watch)
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    log.close().await.unwrap();
    let (ended, mut closed) = waiting.await.unwrap();
    let again = timeout(SOON, closed.changed()).await;
    for told in [ended, again] {
        let error = told.expect("R3: it waits for ever").unwrap_err();
        let is_closed =
            matches!(&error, LogError::Store(error) if error.fault() == StoreFault::Closed);
        assert!(is_closed, "R3: {error:?}");
    }
}

/// The future is like the branch of a `select!` that was not taken. The same holds for reads.
pub async fn a_watch_that_nobody_polls_holds_up_nobody<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let (mut watches, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..16 {
        let mut watch = log.watch(Hlc::ZERO);
        watches.push(Box::pin(async move { watch.changed().await }));
        reads.push(Box::pin(log.get_since(None, 1)));
    }
    for watch in &mut watches {
        assert!(!is_done_at_once(watch.as_mut()).await, "R3");
    }
    for read in &mut reads {
        is_done_at_once(read.as_mut()).await;
    }
    let soon = async {
        log.record(change(1)).await.unwrap();
        log.page(peer(1), Cursor::ZERO).await;
        log.close().await.unwrap();
    };
    assert!(timeout(SOON, soon).await.is_ok(), "R3: they are held up");
}
