//! What `status` counts.

use sync_log_core::Uuid;

use crate::common::values::Log;
use crate::common::{PEER, change};

#[tokio::test]
async fn the_status_counts_entries_and_each_kind_of_peer() {
    let log = Log::new().await;
    for peer in [PEER, Uuid::from_u128(5), Uuid::from_u128(6)] {
        log.register_peer(peer).await.unwrap();
    }
    log.retire(PEER).await.unwrap();
    log.record_apart(2, 250).await;
    let status = log.status().await.unwrap();
    assert_eq!((status.active_peers, status.retired_peers), (2, 1));
    assert_eq!((status.unverified_peers, status.untrusted_rows), (0, 0));
    let each = (change().model_type.len() + change().data.len_bytes()) as u64;
    assert_eq!(
        (status.pending_entries, status.pending_bytes),
        (2, 2 * each)
    );
    assert_eq!(status.oldest_age_ms, 500);
}
