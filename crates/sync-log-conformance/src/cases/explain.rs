//! Why the log is not shrinking: each peer, how much it keeps, and the remedy (`P7`).

use sync_log_core::{Cause, Explanation, Hlc, Reason, RegisteredBy, Remedy};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{bytes_each, change, change_of_bytes, peer};

async fn explain(log: &Log) -> Explanation {
    log.explain().await.unwrap()
}

/// A peer that never acked, and one that is behind, with their lags, worst first.
pub async fn every_peer_that_lags_is_named_worst_first<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_apart(&rig.wall, 4, 100).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    log.register_peer(peer(3)).await.unwrap();
    log.record_ack(peer(3), stamps[2]).await.unwrap();
    log.register_peer(peer(4)).await.unwrap();
    log.record_ack(peer(4), stamps[3]).await.unwrap();
    let lag = |cause, number, by, lag: usize| Reason {
        cause,
        peer: Some(peer(number).into()),
        registered_by: Some(by),
        lag_entries: lag as u64,
        lag_bytes: lag as u64 * bytes_each(),
        lag_ms: lag as u64 * 100,
        remedy: Some(Remedy::Pull),
    };
    let expected = Explanation {
        head: stamps[3],
        floor: Hlc::ZERO,
        pending_entries: 4,
        reasons: vec![
            lag(Cause::NeverAcked, 2, RegisteredBy::App, 4),
            lag(Cause::Behind, 1, RegisteredBy::Ack, 2),
            lag(Cause::Behind, 3, RegisteredBy::App, 1),
        ],
    };
    assert_eq!(explain(&log).await, expected, "P7");
}

/// The lag counts from the oldest entry that the peer lacks, not from the
/// oldest of the log.
pub async fn a_lag_counts_from_the_oldest_entry_that_is_lacked<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let first = log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(70);
    log.record(change_of_bytes(500)).await.unwrap();
    rig.wall.advance_ms(30);
    log.record_ack(peer(1), first).await.unwrap();
    let reasons = explain(&log).await.reasons;
    let lags: Vec<_> = reasons
        .iter()
        .map(|reason| (reason.peer, reason.lag_ms))
        .collect();
    let expected = [(Some(peer(2).into()), 100), (Some(peer(1).into()), 30)];
    assert_eq!(lags, expected, "P7");
    assert_eq!(reasons[1].lag_bytes, 503, "P7: model type and data");
}

/// `explain` changes nothing.
pub async fn explaining_changes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    log.record_one_by_one(2).await;
    let before = log.snapshot().await;
    explain(&log).await;
    log.peers().await.unwrap();
    assert_eq!(log.snapshot().await, before, "P7");
}
