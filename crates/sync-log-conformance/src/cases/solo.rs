//! Without an active peer nothing is pruned, unless the app declared that there is none (`P2`).

use sync_log_core::{AckOutcome, Cause, Cursor, LogError, Registration, Remedy};

use crate::harness::Harness;
use crate::refusals::{compacted, unknown_peer};
use crate::rig::Rig;
use crate::sample::{change, peer};

/// No peer was ever registered.
pub async fn without_peers_nothing_is_deleted<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    log.changes_nothing("P2", 0, log.prune_acked()).await;
    assert_eq!(rig.storage.retained().await, stamps, "P2");
}

/// Only retired peers are no peers either.
pub async fn with_retired_peers_alone_nothing_is_deleted<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[2]).await.unwrap();
    log.retire(peer(1)).await.unwrap();
    log.retire(peer(2)).await.unwrap();
    log.changes_nothing("P2", 0, log.prune_acked()).await;
}

/// After the declaration every entry may be pruned, even after a restart.
pub async fn a_solo_library_prunes_everything<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    log.declare_solo().await.unwrap();
    assert!(log.snapshot().await.state.solo, "P2: stored");
    log.changes_nothing("P2", (), log.declare_solo()).await;
    let log = rig.reopen(log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 3, "P2");
    assert_eq!(rig.storage.retained().await, [], "P2");
    assert_eq!(log.floor().await.unwrap(), stamps[2], "P3");
    log.record(change(4)).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P2: and goes on");
}

/// An active peer prevents it, whether it acked or not.
pub async fn a_library_with_active_peers_cannot_be_declared_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let hlc = log.record(change(0)).await.unwrap();
    log.register_peer(peer(1)).await.unwrap();
    let one = LogError::NotSolo { active: 1 };
    log.refuses("P2", one.clone(), log.declare_solo()).await;
    log.record_ack(peer(1), hlc).await.unwrap();
    log.refuses("P2", one, log.declare_solo()).await;
    log.register_peers(3).await;
    log.retire(peer(2)).await.unwrap();
    let two = LogError::NotSolo { active: 2 };
    log.refuses("P2", two, log.declare_solo()).await;
}

/// The app registers the first peer: solo is over, and that peer needs a
/// snapshot.
pub async fn the_first_registration_ends_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.declare_solo().await.unwrap();
    let gone = log.record(change(0)).await.unwrap();
    log.prune_acked().await.unwrap();
    let kept = log.record(change(1)).await.unwrap();

    let registered = log.register_peer(peer(1)).await.unwrap();
    assert_eq!(registered, Registration::New, "P2");
    assert!(!log.snapshot().await.state.solo, "P2: ended");
    log.changes_nothing("P2", 0, log.prune_acked()).await;
    assert_eq!(rig.storage.retained().await, [kept], "P2");
    let refused = compacted(Cursor::ZERO.hlc(), gone, kept);
    log.refuses_to_read("R2", peer(1), Cursor::ZERO, refused)
        .await;
    let reasons = log.explain().await.unwrap().reasons;
    assert_eq!(reasons[0].cause, Cause::BelowFloor, "P7");
    assert_eq!(reasons[0].remedy, Some(Remedy::Bootstrap), "P7");
    log.retire(peer(1)).await.unwrap();
    let log = rig.reopen(log).await;
    log.changes_nothing("P2", 0, log.prune_acked()).await;
}

/// A peer that an ack registers ends solo too.
pub async fn an_ack_that_registers_ends_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.declare_solo().await.unwrap();
    let stamps = log.record_one_by_one(3).await;
    let ack = log.on_ack(peer(1), stamps[0]).await.unwrap();
    assert_eq!((ack.ack, ack.pruned), (AckOutcome::Registered, 0), "K4");
    assert!(!log.snapshot().await.state.solo, "P2: ended");
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P2: what it has");
    assert_eq!(rig.storage.retained().await, stamps[1..], "P2");
}

/// An ack that is refused ends nothing.
pub async fn a_refused_ack_does_not_end_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open_refusing().await;
    log.declare_solo().await.unwrap();
    let hlc = log.record(change(0)).await.unwrap();
    let unknown = unknown_peer(peer(1));
    log.refuses("P2", unknown, log.on_ack(peer(1), hlc)).await;
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P2: still solo");
}
