//! What an opening makes of peers' rows that another program wrote (`P5`).

use sync_log_sqlite::{Hlc, Uuid};

use crate::common::{self, change, folder, fresh, open, raw};

/// A device that was never registered.
const STRANGER: Uuid = Uuid::from_u128(0xc0);

/// Byte for byte, where an operator finds it.
#[tokio::test]
async fn an_ack_of_no_device_goes_aside_with_a_reason() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let put = "INSERT INTO peer_acks VALUES (x'00ff', 'garbage', 7)";
    raw(folder.path()).execute_batch(put).unwrap();
    for _ in 0..2 {
        open(folder.path()).await.close().await.unwrap();
    }
    let aside = "SELECT adoption, reason, hex(peer_device_id), last_acked_hlc, acked_at \
                 FROM sync_log_aside_acks";
    let found = common::tables::rows(&raw(folder.path()), aside);
    assert_eq!(found.len(), 1);
    let told = format!("{found:?}");
    assert!(
        told.contains("not of a peer") && told.contains("00FF"),
        "{told}"
    );
}

/// Another program writing acks of a file that was declared solo has ended that.
#[tokio::test]
async fn a_device_that_is_made_known_by_an_opening_ends_solo() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    log.declare_solo().await.unwrap();
    log.close().await.unwrap();
    let put = format!(
        "INSERT INTO peer_acks VALUES ('{STRANGER}', '{}', '')",
        Hlc::ZERO
    );
    raw(folder.path()).execute_batch(&put).unwrap();
    let reopened = open(folder.path()).await;
    assert!(!reopened.status().await.unwrap().solo);
    assert_eq!(reopened.prune_acked().await.unwrap(), 0);
}
