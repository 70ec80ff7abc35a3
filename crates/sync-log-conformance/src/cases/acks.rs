//! Acks never go back, and name an entry of this log (`K2`, `K3`).

use sync_log_core::{Ack, AckOutcome, Cursor, Hlc, LogError, PeerState};

use crate::harness::Harness;
use crate::refusals::{ack_beyond_head, other_log, unknown_stamp};
use crate::rig::{Log, Rig};
use crate::sample::{
    DEVICE, START_MS, foreign, in_other_log, just_above, own_after, peer, retagged,
};

/// Peer 1, and entries 10 ms apart.
async fn log_with_entries<H: Harness>(rig: &Rig<H>, count: usize) -> (Log, Vec<Hlc>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_apart(&rig.wall, count, 10).await;
    (log, stamps)
}

/// Peer 1 has acknowledged the second of three entries, 10 ms apart.
async fn set_up<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let (log, stamps) = log_with_entries(rig, 3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    (log, stamps)
}

async fn retired_error(log: &Log) -> LogError {
    let peers = log.peers().await.unwrap();
    match peers[0].as_ref().unwrap().facts.state {
        PeerState::Retired { since_ms, reason } => LogError::PeerRetired {
            peer: peer(1).into(),
            since_ms,
            reason,
        },
        PeerState::Active => panic!("peer 1 is active"),
    }
}

/// Forward, again, and back.
pub async fn an_ack_advances_repeats_or_is_stale<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 3).await;
    let first = log.record_ack(peer(1), stamps[1]).await.unwrap();
    assert_eq!(first, AckOutcome::Advanced, "K2");
    let snapshot = log.snapshot().await;
    let row = snapshot.sound_peer(peer(1));
    assert_eq!(row.acked, stamps[1], "K2");
    assert_eq!(row.acked_at_ms, START_MS + 30, "K2: when it moved");
    let mirror = &snapshot.peer(peer(1)).unwrap().mirror;
    assert_eq!(
        *mirror,
        Some(stamps[1].to_string()),
        "K2: for others to read"
    );
    let again = log.record_ack(peer(1), stamps[1]);
    log.changes_nothing("K2", AckOutcome::Unchanged, again)
        .await;
    let back = log.record_ack(peer(1), stamps[0]);
    log.changes_nothing("K2", AckOutcome::Stale, back).await;
    let log = rig.reopen(log).await;
    let still_back = log.record_ack(peer(1), stamps[0]);
    log.changes_nothing("K2", AckOutcome::Stale, still_back)
        .await;
    let last = log.record_ack(peer(1), stamps[2]).await.unwrap();
    assert_eq!(last, AckOutcome::Advanced, "K2");
}

/// An ack by cursor behaves the same.
pub async fn an_ack_by_cursor_advances_repeats_or_is_stale<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 3).await;
    let [first, second] = [
        log.cursor_at(stamps[0]).await,
        log.cursor_at(stamps[1]).await,
    ];
    let moved = log.acknowledge(Ack::new(peer(1), second)).await.unwrap();
    assert_eq!(moved, AckOutcome::Advanced, "K2");
    let again = log.acknowledge(Ack::new(peer(1), second));
    log.changes_nothing("K2", AckOutcome::Unchanged, again)
        .await;
    let back = log.acknowledge(Ack::new(peer(1), first));
    log.changes_nothing("K2", AckOutcome::Stale, back).await;
}

/// Zero says nothing new.
pub async fn an_ack_at_zero_is_unchanged_at_zero_and_stale_above<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 1).await;
    let unchanged = AckOutcome::Unchanged;
    log.changes_nothing("K2", unchanged, log.record_ack(peer(1), Hlc::ZERO))
        .await;
    let by_cursor = log.acknowledge(Ack::new(peer(1), Cursor::ZERO));
    log.changes_nothing("K2", unchanged, by_cursor).await;
    log.record_ack(peer(1), stamps[0]).await.unwrap();
    let stale = AckOutcome::Stale;
    log.changes_nothing("K2", stale, log.record_ack(peer(1), Hlc::ZERO))
        .await;
    log.changes_nothing(
        "K2",
        stale,
        log.acknowledge(Ack::new(peer(1), Cursor::ZERO)),
    )
    .await;
}

/// The floor can be acknowledged, by stamp and by cursor.
pub async fn the_floor_can_be_acknowledged<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 3).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    log.register_peers(3).await;
    let floor = log.floor_cursor().await.unwrap();
    let by_stamp = log.record_ack(peer(2), floor.hlc()).await.unwrap();
    let by_cursor = log.acknowledge(Ack::new(peer(3), floor)).await.unwrap();
    let advanced = AckOutcome::Advanced;
    assert_eq!((by_stamp, by_cursor), (advanced, advanced), "K3");
}

/// No reader ever got an entry above the head, which is zero on a fresh log.
pub async fn an_ack_above_the_head_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let first = Hlc::new(1, 0, DEVICE);
    let above_zero = ack_beyond_head(peer(1), first, Hlc::ZERO);
    log.refuses("K3", above_zero, log.record_ack(peer(1), first))
        .await;
    let stamps = log.record_apart(&rig.wall, 2, 10).await;
    let head = stamps[1];
    // Ticks and remote stamps raise the high-water, not the head.
    let tick = log.tick().await.unwrap();
    for hlc in [just_above(head), tick, own_after(head, 1_000_000)] {
        let beyond = ack_beyond_head(peer(1), hlc, head);
        log.refuses("K3", beyond, log.record_ack(peer(1), hlc))
            .await;
    }
}

/// A stamp that this log never had is refused, not rounded to the one below.
pub async fn an_ack_between_two_entries_is_refused_not_rounded<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 4).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    // Between entries, between the floor and the first entry, below the floor,
    // and at an entry that was pruned.
    let positions = [
        own_after(stamps[2], 5),
        own_after(stamps[1], 5),
        own_after(stamps[0], 5),
        stamps[0],
    ];
    for hlc in positions {
        let peer = peer(2);
        let unknown = unknown_stamp(peer, hlc);
        log.refuses("K3", unknown, log.record_ack(peer, hlc)).await;
    }
}

/// With a cursor, log and content must match too, at an entry and at the floor.
pub async fn an_ack_by_cursor_must_match_log_and_content<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 3).await;
    log.on_ack(peer(1), stamps[0]).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    let floor = log.floor_cursor().await.unwrap();
    let entry = log.cursor_at(stamps[1]).await;
    for cursor in [floor, entry] {
        let other = in_other_log(cursor);
        let refused = other_log(other.log_id(), log.identity().log_id);
        log.refuses_ack("K3", Ack::new(peer(2), other), refused)
            .await;
        let unknown = unknown_stamp(peer(2), cursor.hlc());
        log.refuses_ack("K3", Ack::new(peer(2), retagged(cursor)), unknown)
            .await;
    }
    let taken = log.acknowledge(Ack::new(peer(2), entry)).await.unwrap();
    assert_eq!(taken, AckOutcome::Advanced, "K3: the right one is taken");
}

/// Stamps of another device are not in this log.
pub async fn an_ack_of_another_devices_stamp_is_refused<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = log_with_entries(&rig, 2).await;
    let hlc = foreign(stamps[0]);
    let origin = LogError::ForeignOrigin {
        hlc,
        device_id: DEVICE.into(),
    };
    log.refuses("K3", origin, log.record_ack(peer(1), hlc))
        .await;
}

/// Retired, then another log and another device's stamp.
pub async fn a_retired_peer_is_refused_before_the_position<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    log.retire(peer(1)).await.unwrap();
    let other = in_other_log(log.cursor_at(stamps[2]).await);
    let retired = retired_error(&log).await;
    log.refuses_ack("K3", Ack::new(peer(1), other), retired.clone())
        .await;
    let by_stamp = log.record_ack(peer(1), foreign(stamps[2]));
    log.refuses("K3", retired, by_stamp).await;
}

/// Stale, then unknown: what is below the own ack is not looked up.
pub async fn stale_goes_before_unknown<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let stale = AckOutcome::Stale;
    let between = log.record_ack(peer(1), own_after(stamps[0], 5));
    log.changes_nothing("K3", stale, between).await;
    let wrong = retagged(log.cursor_at(stamps[0]).await);
    log.changes_nothing("K3", stale, log.acknowledge(Ack::new(peer(1), wrong)))
        .await;
}
