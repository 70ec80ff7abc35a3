//! A retired peer no longer counts, and is refused (`K6`, `P6`).

use sync_log_core::{Ack, LogError, PeerState, RetireReason};

use crate::harness::Harness;
use crate::refusals::unknown_peer;
use crate::rig::Rig;
use crate::sample::{DEVICE, START_MS, change, peer};

/// Retiring writes the marker and deletes nothing; a later prune does.
pub async fn retiring_only_writes_the_marker<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    rig.wall.advance_ms(9);
    log.retire(peer(2)).await.unwrap();
    assert_eq!(rig.storage.retained().await, stamps, "P6: nothing went");
    let peers = log.peers().await.unwrap();
    let row = peers[1].as_ref().unwrap();
    let retired = PeerState::Retired {
        since_ms: START_MS + 9,
        reason: RetireReason::Operator,
    };
    assert_eq!(
        (row.device_id, row.facts.state),
        (peer(2).into(), retired),
        "P6"
    );
    let log = rig.reopen(log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P6: it blocks no more");
}

/// Its reads, its acks and its registration are refused, with since and why.
pub async fn a_retired_peer_is_refused_everywhere<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let hlc = log.record(change(0)).await.unwrap();
    log.record_ack(peer(1), hlc).await.unwrap();
    log.retire(peer(1)).await.unwrap();
    let log = rig.reopen(log).await;
    let cursor = log.head_cursor().await.unwrap();
    rig.wall.advance_ms(60_000);
    let retired = || LogError::PeerRetired {
        peer: peer(1).into(),
        since_ms: START_MS,
        reason: RetireReason::Operator,
    };
    log.refuses_to_read("K6", peer(1), cursor, retired()).await;
    log.refuses("K6", retired(), log.record_ack(peer(1), hlc))
        .await;
    log.refuses_ack("K6", Ack::new(peer(1), cursor), retired())
        .await;
    log.refuses("K6", retired(), log.on_ack(peer(1), hlc)).await;
    log.refuses("K6", retired(), log.register_peer(peer(1)))
        .await;
    log.changes_nothing("K6: not since when", (), log.retire(peer(1)))
        .await;
}

/// A peer that was never registered cannot be retired.
pub async fn an_unknown_peer_cannot_be_retired<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    for peer in [peer(1), DEVICE] {
        let unknown = unknown_peer(peer);
        log.refuses("K6", unknown, log.retire(peer)).await;
    }
}
