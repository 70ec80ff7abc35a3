//! Faults of pruning.

use sync_log_sqlite::{Cause, LogError, ReadLimits, Remedy};

use crate::known_faults::device::{Device, LAPTOP, TABLET, pending, record, refused};

on_both_stores! {
    a_peer_that_never_acked_keeps_its_entries
    a_removed_device_does_not_keep_the_log_for_ever
}

/// Then: only peers with an ack counted, so a device that was paired but had not
/// synced yet lost everything that the others had acknowledged meanwhile.
async fn a_peer_that_never_acked_keeps_its_entries(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP, TABLET]).await;
    let stamps = record(&log, 3).await;
    let done = log.on_ack(LAPTOP, stamps[2]).await.unwrap();
    assert_eq!(done.pruned, 0);
    assert_eq!(pending(&log).await, stamps);
    let reason = &log.explain().await.unwrap().reasons[0];
    assert_eq!(
        (reason.peer, &reason.cause),
        (Some(TABLET.into()), &Cause::NeverAcked)
    );
    assert_eq!(reason.remedy, Some(Remedy::Pull));
    assert_eq!(log.on_ack(TABLET, stamps[2]).await.unwrap().pruned, 3);
}

/// Then: the ack of a device that was sold or lost stayed where it was, and the log
/// of every other device grew until the disk was full.
async fn a_removed_device_does_not_keep_the_log_for_ever(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP, TABLET]).await;
    let stamps = record(&log, 3).await;
    log.on_ack(TABLET, stamps[0]).await.unwrap();
    let done = log.on_ack(LAPTOP, stamps[2]).await.unwrap();
    assert_eq!(done.pruned, 1, "what the tablet lacks stays");

    log.retire(TABLET).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 2);
    // It is told, should it come back: it lacks what is gone now.
    let floor = log.floor_cursor().await.unwrap();
    for answer in [
        log.read_for(TABLET, floor, ReadLimits::default())
            .await
            .map(drop),
        log.record_ack(TABLET, stamps[2]).await.map(drop),
        log.register_peer(TABLET).await.map(drop),
    ] {
        refused(
            answer,
            |error| matches!(error, LogError::PeerRetired { peer, .. } if *peer == TABLET),
        );
    }
}
