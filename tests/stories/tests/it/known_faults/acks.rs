//! Faults of acknowledgements.

use sync_log_sqlite::{Ack, AckOutcome, Cursor, Hlc, LogError, ReadLimits, SyncLog, Uuid};

use crate::known_faults::device::{Device, LAPTOP, PHONE, TABLET, pending, record, refused};

on_both_stores! {
    an_ack_never_goes_back
    an_ack_beyond_the_head_is_refused
    an_ack_counts_for_the_authenticated_peer_alone
    what_was_received_is_no_ack_of_the_own_entries
}

async fn acked(log: &SyncLog, peer: Uuid) -> Hlc {
    let peers = log.peers().await.unwrap();
    let found = peers
        .into_iter()
        .flatten()
        .find(|row| row.device_id == peer);
    found.unwrap().acked
}

/// Then: an ack that arrived late set its peer back, the log stopped shrinking,
/// and the peer was sent again what it had.
async fn an_ack_never_goes_back(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let stamps = record(&log, 3).await;
    log.record_ack(LAPTOP, stamps[2]).await.unwrap();
    for late in [stamps[0], Hlc::ZERO, stamps[1]] {
        let answer = log.record_ack(LAPTOP, late).await.unwrap();
        assert_eq!(answer, AckOutcome::Stale);
        assert_eq!(acked(&log, LAPTOP).await, stamps[2]);
    }
    assert_eq!(log.prune_acked().await.unwrap(), 3);
}

/// Then: an ack of a stamp that the log never had was taken; every entry that was
/// written later, and lay below it, was pruned before the peer had seen it.
async fn an_ack_beyond_the_head_is_refused(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let head = record(&log, 1).await[0];
    let beyond = Hlc::new(head.timestamp + 1_000, 0, PHONE);
    refused(
        log.on_ack(LAPTOP, beyond).await,
        |error| matches!(error, LogError::AckBeyondHead { hlc, .. } if *hlc == beyond),
    );
    let later = record(&log, 2).await;
    assert_eq!(log.prune_acked().await.unwrap(), 0);
    assert_eq!(pending(&log).await, [&[head], &later[..]].concat());
}

/// Then: an ack said in its payload whose it was, and one device, by mistake or on
/// purpose, acknowledged for another that then missed those entries for good.
///
/// Now a cursor says where, never who: both peers are given the same bytes, and
/// the ack moves the peer whose connection it came in on.
async fn an_ack_counts_for_the_authenticated_peer_alone(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP, TABLET]).await;
    let stamps = record(&log, 2).await;
    let mut places = Vec::new();
    for peer in [LAPTOP, TABLET] {
        let page = log.read_for(peer, Cursor::ZERO, ReadLimits::default());
        places.push(page.await.unwrap().next);
    }
    assert_eq!(places[0].to_bytes(), places[1].to_bytes());

    log.acknowledge(Ack::new(TABLET, places[0])).await.unwrap();
    assert_eq!(acked(&log, TABLET).await, stamps[1]);
    assert_eq!(acked(&log, LAPTOP).await, Hlc::ZERO);
    assert_eq!(log.prune_acked().await.unwrap(), 0);
    assert_eq!(pending(&log).await, stamps);
}

/// Then: a device that had applied a peer's entries wrote down, in its own log, that
/// this peer had acknowledged up to there, and pruned own entries it had never sent.
///
/// Now a stamp of another device acknowledges nothing here, however it is recorded.
async fn what_was_received_is_no_ack_of_the_own_entries(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let own = record(&log, 3).await;
    let received = Hlc::new(own[2].timestamp, own[2].counter + 5, LAPTOP);
    log.observe_all(&[received]).await.unwrap();
    refused(
        log.on_ack(LAPTOP, received).await,
        |error| matches!(error, LogError::ForeignOrigin { hlc, .. } if *hlc == received),
    );
    refused(log.on_ack(PHONE, own[2]).await, |error| {
        matches!(error, LogError::OwnPeer { .. })
    });
    assert_eq!(log.prune_acked().await.unwrap(), 0);
    assert_eq!(pending(&log).await, own);
}
