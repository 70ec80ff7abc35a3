//! A peer that was retired comes back under a new admission (`K6`).

use sync_log_core::{
    Ack, AckOutcome, Cause, Cursor, Hlc, LogError, PeerState, Remedy, VerdictKind,
};

use crate::harness::Harness;
use crate::refusals::{compacted, other_admission, unknown_peer};
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, change, in_other_log, peer};

/// Three entries; peer 1 had acknowledged two when it was retired, and peer 2 has
/// all. It was admitted again.
async fn admitted<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    log.record_ack(peer(2), stamps[2]).await.unwrap();
    log.retire(peer(1)).await.unwrap();
    assert_eq!(log.admit(peer(1)).await.unwrap(), 2, "K6");
    (rig.reopen(log).await, stamps)
}

/// It counts, and has acknowledged nothing: what it had acknowledged before does not
/// release anything.
pub async fn an_admitted_peer_counts_and_has_acknowledged_nothing<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = admitted(&rig).await;
    log.changes_nothing("K1", 0, log.prune_acked()).await;
    assert_eq!(rig.storage.retained().await, stamps, "K1");
    let peers = log.peers().await.unwrap();
    let row = peers[0].as_ref().unwrap();
    assert_eq!(
        (row.device_id, row.acked),
        (peer(1).into(), Hlc::ZERO),
        "K6"
    );
    assert_eq!(row.facts.state, PeerState::Active, "K6");
    assert_eq!(row.facts.admission, 2, "K6");
}

/// Its acks carry the number. Late acks from before the admission are refused
/// before any other check.
pub async fn an_ack_under_another_admission_is_refused<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = admitted(&rig).await;
    let cursor = log.cursor_at(stamps[1]).await;
    let other = |given| other_admission(peer(1), given, 2);
    log.refuses("K6", other(1), log.record_ack(peer(1), stamps[1]))
        .await;
    log.refuses_ack("K6", Ack::new(peer(1), cursor), other(1))
        .await;
    log.refuses("K6", other(1), log.on_ack(peer(1), stamps[2]))
        .await;
    for given in [0, 1] {
        let old = log.acknowledge(Ack::new(peer(1), cursor).under(given));
        log.refuses("K6", other(given), old).await;
    }
    for given in [0, 1, 3] {
        let zero = log.acknowledge(Ack::new(peer(1), Cursor::ZERO).under(given));
        log.refuses("K6", other(given), zero).await;
    }
    let ack = log
        .acknowledge(Ack::new(peer(1), cursor).under(2))
        .await
        .unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "K6");
    assert_eq!(log.prune_acked().await.unwrap(), 2, "K6");
}

/// Each admission gets another number, even across restarts.
pub async fn every_admission_has_its_own_number<H: Harness>(rig: Rig<H>) {
    let (mut log, stamps) = admitted(&rig).await;
    let cursor = log.cursor_at(stamps[2]).await;
    for number in 3..6 {
        log.retire(peer(1)).await.unwrap();
        log = rig.reopen(log).await;
        assert_eq!(log.admit(peer(1)).await.unwrap(), number, "K6");
        log = rig.reopen(log).await;
        let ack = log.acknowledge(Ack::new(peer(1), cursor).under(number - 1));
        let other = other_admission(peer(1), number - 1, number);
        log.refuses("K6", other, ack).await;
    }
}

/// An active peer needs no admission; an unknown peer cannot be admitted.
pub async fn who_is_not_retired_is_not_admitted<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = admitted(&rig).await;
    let again = log.admit(peer(1));
    log.changes_nothing("K6: again", 2, again).await;
    let active = log.admit(peer(2));
    log.changes_nothing("K6: active", 1, active).await;
    assert_eq!(log.position(peer(2)).await, stamps[2], "K6");
    for peer in [peer(3), DEVICE] {
        log.refuses("K6", unknown_peer(peer), log.admit(peer)).await;
    }
}

/// Entries that were pruned while it was retired are deleted: it needs a snapshot, and
/// shows by its new number that it has one.
pub async fn an_admitted_peer_goes_through_a_snapshot<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[0]).await.unwrap();
    log.record_ack(peer(2), stamps[1]).await.unwrap();
    log.retire(peer(1)).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P6");
    log.admit(peer(1)).await.unwrap();
    let reasons = log.explain().await.unwrap().reasons;
    let of_peer = reasons
        .iter()
        .find(|reason| reason.peer == Some(peer(1).into()))
        .unwrap();
    let told = (&of_peer.cause, of_peer.remedy);
    assert_eq!(told, (&Cause::BelowFloor, Some(Remedy::Bootstrap)), "P7");
    let refused = compacted(Hlc::ZERO, stamps[1], stamps[2]);
    log.refuses_to_read("R2", peer(1), Cursor::ZERO, refused)
        .await;
    // It was given a copy of the app's state.
    let pin = log.head_cursor().await.unwrap();
    log.acknowledge(Ack::new(peer(1), pin).under(2))
        .await
        .unwrap();
    let hlc = log.record(change(9)).await.unwrap();
    let page = log.page(peer(1), pin).await;
    assert_eq!(page.entries.len(), 1, "R2");
    assert_eq!(page.entries[0].hlc, hlc, "R2");
}

/// The library is not solo any more.
pub async fn an_admission_ends_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    log.retire(peer(1)).await.unwrap();
    log.declare_solo().await.unwrap();
    log.admit(peer(1)).await.unwrap();
    let log = rig.reopen(log).await;
    log.record(change(0)).await.unwrap();
    log.changes_nothing("P2", 0, log.prune_acked()).await;
    log.retire(peer(1)).await.unwrap();
    log.changes_nothing("P2: for good", 0, log.prune_acked())
        .await;
}

/// A number that an earlier log of this device gave out shows nothing about this one.
pub async fn a_higher_admission_of_another_log_is_no_sign<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    log.record_one_by_one(1).await;
    let cursor = log.head_cursor().await.unwrap();
    for position in [Cursor::ZERO, in_other_log(cursor)] {
        let refused = other_admission(peer(1), 3, 1);
        log.refuses_ack("K6", Ack::new(peer(1), position).under(3), refused)
            .await;
    }
    assert_eq!(log.signs().await, [], "K6");
}

/// A number that this log has not given out yet is a sign; a lower one is of an old ack.
pub async fn a_higher_admission_leaves_a_verdict<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    log.record_one_by_one(1).await;
    let cursor = log.head_cursor().await.unwrap();
    log.retire(peer(1)).await.unwrap();
    assert_eq!(log.admit(peer(1)).await.unwrap(), 2);
    log.acknowledge(Ack::new(peer(1), cursor))
        .await
        .unwrap_err();
    assert_eq!(log.signs().await, [], "K6: an old ack shows nothing");
    let ahead = LogError::AdmissionAhead {
        peer: peer(1).into(),
        hlc: cursor.hlc(),
        given: 3,
        admission: 2,
    };
    log.refuses_ack("K6", Ack::new(peer(1), cursor).under(3), ahead)
        .await;
    let sign = (VerdictKind::Admission, cursor.hlc(), Some(peer(1)));
    assert_eq!(log.signs().await, [sign], "K6");
}
