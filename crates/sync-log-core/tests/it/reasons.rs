//! Which cause and which remedy `explain` names (`P7`). That the numbers beside them are those of
//! the store is a case of the conformance suite.

use sync_log_core::{Cause, Explanation, Hlc, Reason, Remedy, Uuid};

use crate::common::values::{HOUR_MS, Log};
use crate::common::{PEER, change};

const OTHER: Uuid = Uuid::from_u128(5);

async fn reasons(log: &Log) -> Vec<Reason> {
    log.explain().await.unwrap().reasons
}

/// The causes, with how many entries each holds and what to do.
async fn causes(log: &Log) -> Vec<(Cause, u64, Option<Remedy>)> {
    let reasons = reasons(log).await.into_iter();
    reasons
        .map(|reason| (reason.cause, reason.lag_entries, reason.remedy))
        .collect()
}

#[tokio::test]
async fn an_empty_log_holds_nothing() {
    let log = Log::new().await;
    let nothing = |at: Hlc| Explanation {
        head: at,
        floor: at,
        pending_entries: 0,
        reasons: Vec::new(),
    };
    assert_eq!(log.explain().await.unwrap(), nothing(Hlc::ZERO));
    log.register_peer(PEER).await.unwrap();
    assert_eq!(log.explain().await.unwrap(), nothing(Hlc::ZERO));
    let hlc = log.record(change()).await.unwrap();
    log.on_ack(PEER, hlc).await.unwrap();
    assert_eq!(log.explain().await.unwrap(), nothing(hlc));
}

#[tokio::test]
async fn without_peers_it_says_register() {
    let log = Log::new().await;
    log.record_apart(2, 250).await;
    let expected = Reason {
        cause: Cause::NoPeers,
        peer: None,
        registered_by: None,
        lag_entries: 2,
        lag_bytes: 10,
        lag_ms: 500,
        remedy: Some(Remedy::Register),
    };
    assert_eq!(reasons(&log).await, [expected]);
}

#[tokio::test]
async fn with_retired_peers_alone_it_says_declare_solo() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    log.record(change()).await.unwrap();
    log.retire(PEER).await.unwrap();
    let expected = (Cause::NoPeers, 1, Some(Remedy::DeclareSolo));
    assert_eq!(causes(&log).await, [expected]);
}

#[tokio::test]
async fn entries_that_all_peers_have_are_not_yet_pruned() {
    let log = Log::new().await;
    let stamps = log.record_apart(3, 1).await;
    log.record_ack(PEER, stamps[2]).await.unwrap();
    log.record_ack(OTHER, stamps[1]).await.unwrap();
    let expected = [
        (Cause::Behind, 1, Some(Remedy::Pull)),
        (Cause::NotYetPruned, 2, Some(Remedy::Prune)),
    ];
    assert_eq!(causes(&log).await, expected);
}

/// A peer below the floor cannot catch up by reading, even if the log is empty.
#[tokio::test]
async fn a_peer_below_the_floor_needs_a_snapshot() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    let hlc = log.record(change()).await.unwrap();
    log.on_ack(PEER, hlc).await.unwrap();
    log.register_peer(OTHER).await.unwrap();
    let expected = (Cause::BelowFloor, 0, Some(Remedy::Bootstrap));
    assert_eq!(causes(&log).await, [expected]);
    assert_eq!(reasons(&log).await[0].peer, Some(OTHER.into()));
    log.record_ack(OTHER, hlc).await.unwrap();
    assert_eq!(reasons(&log).await, [], "after its snapshot");
}

#[tokio::test]
async fn a_lag_is_never_negative() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    log.record(change()).await.unwrap();
    log.wall.advance_ms(-HOUR_MS);
    assert_eq!(reasons(&log).await[0].lag_ms, 0);
}
