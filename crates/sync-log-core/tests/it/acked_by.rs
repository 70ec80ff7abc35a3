//! Which peers have a change (`R3`).

use sync_log_core::{Ack, DeviceId, Hlc, ReadLimits, Uuid};

use crate::common::PEER;
use crate::common::values::Log;

const SECOND: Uuid = Uuid::from_u128(5);

/// Two peers, and three entries.
async fn log() -> (Log, Vec<Hlc>) {
    let log = Log::new().await;
    for peer in [PEER, SECOND] {
        log.register_peer(peer).await.unwrap();
    }
    let stamps = log.record_apart(3, 10).await;
    (log, stamps)
}

async fn acked_by(log: &Log, hlc: Hlc) -> Vec<DeviceId> {
    log.acked_by(hlc).await.unwrap()
}

#[tokio::test]
async fn a_change_is_on_the_active_peers_that_acknowledged_it_or_a_later_one() {
    let (log, stamps) = log().await;
    assert!(acked_by(&log, stamps[0]).await.is_empty());
    log.record_ack(SECOND, stamps[1]).await.unwrap();
    assert_eq!(acked_by(&log, stamps[0]).await, [SECOND]);
    assert_eq!(acked_by(&log, stamps[1]).await, [SECOND]);
    assert!(acked_by(&log, stamps[2]).await.is_empty());
    log.record_ack(PEER, stamps[2]).await.unwrap();
    assert_eq!(acked_by(&log, stamps[1]).await, [PEER, SECOND]);
    log.prune_acked().await.unwrap();
    assert_eq!(acked_by(&log, stamps[0]).await, [PEER, SECOND]);
    log.retire(SECOND).await.unwrap();
    assert_eq!(acked_by(&log, stamps[1]).await, [PEER]);
}

#[tokio::test]
async fn a_peer_that_was_restored_has_only_what_it_reads_from() {
    let (log, stamps) = log().await;
    log.record_ack(PEER, stamps[2]).await.unwrap();
    let restored = log.cursor_at(stamps[0]);
    let read = log.read_for(PEER, restored, ReadLimits::default()).await;
    assert_eq!(read.unwrap().entries.len(), 2);
    assert_eq!(acked_by(&log, stamps[0]).await, [PEER]);
    assert!(acked_by(&log, stamps[1]).await.is_empty());
    let ack = Ack::new(PEER, log.cursor_at(stamps[2]));
    log.acknowledge(ack).await.unwrap();
    assert_eq!(acked_by(&log, stamps[2]).await, [PEER]);
}
