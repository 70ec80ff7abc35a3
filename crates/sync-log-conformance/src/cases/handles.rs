//! A handle is cheap to clone, and closed for all of its clones at once.

use std::fmt::Debug;
use std::future::Future;

use sync_log_core::{Ack, Cursor, ErrorKind, Hlc, LogError, ReadLimits, StoreFault, SyncLog};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::runtime::give_way;
use crate::sample::{change, entry, just_above, peer};

async fn is_closed<T: Debug>(call: impl Future<Output = Result<T, LogError>>) {
    let error = call.await.expect_err("a closed log answers nothing");
    assert!(
        matches!(&error, LogError::Store(error) if error.fault() == StoreFault::Closed),
        "closed: {error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Reopen, "closed: {error:?}");
}

/// Every method of every clone says `Closed`; closing again is `Ok`.
pub async fn every_call_on_every_clone_is_closed_after_close<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let hlc = log.record(change(0)).await.unwrap();
    let cursor = log.head_cursor().await.unwrap();
    let clone: SyncLog = (*log).clone();
    log.close().await.unwrap();
    for closed in [&*log, &clone] {
        is_closed(closed.record(change(1))).await;
        is_closed(closed.record_many(vec![change(1)])).await;
        is_closed(closed.record_each(vec![change(1)])).await;
        is_closed(closed.append(entry(just_above(hlc), 1))).await;
        is_closed(closed.append_many(vec![entry(just_above(hlc), 1)])).await;
        is_closed(closed.tick()).await;
        is_closed(closed.observe_all(&[hlc])).await;
        is_closed(closed.register_peer(peer(2))).await;
        is_closed(closed.retire(peer(1))).await;
        is_closed(closed.declare_solo()).await;
        is_closed(closed.peers()).await;
        is_closed(closed.record_ack(peer(1), hlc)).await;
        is_closed(closed.acknowledge(Ack::new(peer(1), cursor))).await;
        is_closed(closed.on_ack(peer(1), hlc)).await;
        is_closed(closed.prune_acked()).await;
        is_closed(closed.explain()).await;
        is_closed(closed.read_for(peer(1), Cursor::ZERO, ReadLimits::default())).await;
        is_closed(closed.get_since(None, 1)).await;
        is_closed(closed.head()).await;
        is_closed(closed.floor()).await;
        is_closed(closed.head_cursor()).await;
        is_closed(closed.floor_cursor()).await;
        is_closed(closed.status()).await;
        is_closed(closed.admit(peer(1))).await;
        is_closed(closed.acknowledge(Ack::new(peer(1), cursor).under(1))).await;
        is_closed(closed.declare_peers(&[peer(1)])).await;
        is_closed(closed.trust_adopted_acks()).await;
        is_closed(closed.watch(Hlc::ZERO).changed()).await;
        closed.close().await.expect("closing again is fine");
    }
    let reopened = rig.open().await;
    assert_eq!(
        reopened.snapshot().await.stamps(),
        [hlc],
        "nothing was written"
    );
}

/// Closing one handle leaves the others, of this process or another, open.
pub async fn closing_one_handle_leaves_the_others_open<H: Harness>(rig: Rig<H>) {
    let (log, other) = (rig.open().await, rig.open().await);
    let first = log.record(change(0)).await.unwrap();
    log.close().await.unwrap();
    let second = other.record(change(1)).await.unwrap();
    assert_eq!(other.snapshot().await.stamps(), [first, second]);
}

/// Clones are one log: what one writes, the other reads, and stamps ascend.
pub async fn clones_share_one_clock_and_one_log<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let clone = (*log).clone();
    let mut stamps = Vec::new();
    for number in 0..3 {
        stamps.push(log.record(change(number)).await.unwrap());
        stamps.push(clone.record(change(number)).await.unwrap());
    }
    assert!(stamps.is_sorted_by(|a, b| a < b), "A1: {stamps:?}");
    assert_eq!(log.snapshot().await.stamps(), stamps, "A1");
}

/// A call in flight when the log closes is done or refused, never half done.
pub async fn close_waits_for_what_is_in_flight<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let running: Vec<_> = (0..20)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.record(change(number)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    log.close().await.unwrap();
    let mut answered: Vec<Hlc> = Vec::new();
    for task in running {
        match task.await.unwrap() {
            Ok(stamp) => answered.push(stamp),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Reopen, "A3: {error}"),
        }
    }
    answered.sort();
    let reopened = rig.open().await;
    assert_eq!(reopened.snapshot().await.stamps(), answered, "A3");
}

/// A close overtakes a record at any step: `Ok` still means that the entry is there.
pub async fn a_record_that_a_close_overtakes_is_done_or_refused<H: Harness>() {
    for times in 0..20 {
        let rig = Rig::<H>::new().await;
        let log = rig.open().await;
        let closing = async {
            give_way(times).await;
            log.close().await
        };
        let (recorded, closed) = tokio::join!(biased; log.record(change(0)), closing);
        closed.unwrap();
        let answered: Vec<Hlc> = recorded.into_iter().collect();
        assert_eq!(rig.storage.retained().await, answered, "A3: after {times}");
    }
}
