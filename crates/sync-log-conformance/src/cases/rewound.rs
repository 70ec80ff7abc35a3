//! A peer that reads below its own ack was restored: pruning holds there until
//! it has caught up (`K2`).

use sync_log_core::{
    Ack, AckOutcome, Cause, Cursor, Hlc, LogError, ReadLimits, Remedy, RetireReason,
};

use crate::harness::Harness;
use crate::interpose::Interposed;
use crate::refusals::{compacted, diverged, other_log, unknown_stamp};
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, LIBRARY, START_MS, change, in_other_log, peer, retagged};

/// Six entries; peer 1 is at the fifth, peer 2 at the second, which is the floor.
async fn set_up<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(6).await;
    log.record_ack(peer(1), stamps[4]).await.unwrap();
    log.on_ack(peer(2), stamps[1]).await.unwrap();
    (log, stamps)
}

/// Reads for peer 1 after entry `index`, and says how many entries it got.
async fn read_after(log: &Log, stamps: &[Hlc], index: usize) -> usize {
    let cursor = log.cursor_at(stamps[index]).await;
    log.page(peer(1), cursor).await.entries.len()
}

/// The read succeeds, and pruning holds where it began.
pub async fn reading_below_the_own_ack_holds_pruning_there<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    assert_eq!(read_after(&log, &stamps, 2).await, 3, "K2: it succeeds");
    assert_eq!(log.position(peer(1)).await, stamps[2], "K2: it holds");
    let pruned = log.on_ack(peer(2), stamps[5]).await.unwrap().pruned;
    assert_eq!(pruned, 1, "K2: only up to the hold");
    assert_eq!(rig.storage.retained().await, stamps[3..], "K2");
    let log = rig.reopen(log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 0, "K2: after a restart");
}

/// A read at the floor holds too, and so does one from zero.
pub async fn reading_from_the_very_start_holds_everything<H: Harness>(rig: Rig<H>) {
    let (log, _) = set_up(&rig).await;
    let floor = log.floor_cursor().await.unwrap();
    assert_eq!(log.page(peer(1), floor).await.entries.len(), 4, "K2");
    assert_eq!(log.position(peer(1)).await, floor.hlc(), "K2");

    let second = Rig::<H>::new().await;
    let unpruned = second.open_with_peers(1).await;
    let last = *unpruned.record_one_by_one(3).await.last().unwrap();
    unpruned.record_ack(peer(1), last).await.unwrap();
    let page = unpruned.page(peer(1), Cursor::ZERO).await;
    assert_eq!(page.entries.len(), 3, "K2");
    assert_eq!(unpruned.prune_acked().await.unwrap(), 0, "K2");
}

/// A read from a higher cursor does not lift the hold; a read from a lower one lowers it.
pub async fn the_hold_only_moves_down<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    read_after(&log, &stamps, 3).await;
    read_after(&log, &stamps, 2).await;
    assert_eq!(log.position(peer(1)).await, stamps[2], "K2: further down");
    let before = log.snapshot().await;
    for index in [3, 4, 5, 2] {
        read_after(&log, &stamps, index).await;
        assert_eq!(log.snapshot().await, before, "K2: after entry {index}");
    }
}

/// Acks below the old one are stale and do not move the hold.
pub async fn stale_acks_do_not_move_the_hold<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    read_after(&log, &stamps, 2).await;
    for position in [Hlc::ZERO, stamps[1], stamps[2], stamps[3]] {
        let ack = log.record_ack(peer(1), position);
        log.changes_nothing("K2", AckOutcome::Stale, ack).await;
    }
    let refused = unknown_stamp(peer(1), stamps[5]);
    let wrong = retagged(log.cursor_at(stamps[5]).await);
    log.refuses_ack("K2", Ack::new(peer(1), wrong), refused)
        .await;
}

/// An ack at the old position lifts the hold, even though it advances nothing.
pub async fn an_ack_at_the_old_position_lifts_the_hold<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    read_after(&log, &stamps, 2).await;
    let cursor = log.cursor_at(stamps[4]).await;
    // With other content it is not that place.
    let wrong = log.acknowledge(Ack::new(peer(1), retagged(cursor)));
    log.changes_nothing("K2", AckOutcome::Unchanged, wrong)
        .await;
    let ack = log.acknowledge(Ack::new(peer(1), cursor)).await.unwrap();
    assert_eq!(ack, AckOutcome::Unchanged, "K2");
    assert_eq!(log.position(peer(1)).await, stamps[4], "K2: lifted");
    let pruned = log.on_ack(peer(2), stamps[5]).await.unwrap().pruned;
    assert_eq!(pruned, 3, "K2: pruning goes on");
}

/// A read that fails holds nothing.
pub async fn a_read_that_is_refused_holds_nothing<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let cursor = log.cursor_at(stamps[2]).await;
    let other = other_log(in_other_log(cursor).log_id(), log.identity().log_id);
    log.refuses_to_read("K2", peer(1), in_other_log(cursor), other)
        .await;
    let refused = diverged(cursor.hlc(), stamps[5]);
    log.refuses_to_read("K2", peer(1), retagged(cursor), refused)
        .await;
}

/// `explain` shows it, with what the peer had and where pruning holds.
pub async fn explain_shows_a_rewound_peer<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    read_after(&log, &stamps, 3).await;
    let explanation = log.explain().await.unwrap();
    let found = explanation
        .reasons
        .iter()
        .find(|h| h.peer == Some(peer(1).into()));
    let reason = found.expect("K2: the rewound peer is named");
    let expected = Cause::PeerRewound {
        hold: stamps[3],
        acked: stamps[4],
    };
    assert_eq!(reason.cause, expected, "K2");
    assert_eq!(reason.remedy, Some(Remedy::Pull), "P7");
    assert_eq!(reason.lag_entries, 2, "P7: what it lacks now");
}

async fn raced<H: Harness>(rig: &Rig<H>) -> (std::sync::Arc<Interposed>, Log) {
    let raced = Interposed::new(rig.storage.open(LIBRARY, DEVICE).await.unwrap());
    let log = Log::on(raced.clone(), rig.options()).await;
    (raced, log)
}

/// A prune runs before the hold: the peer gets an error, not a page that follows
/// a hole.
pub async fn a_prune_that_gets_in_before_the_hold_is_told<H: Harness>(rig: Rig<H>) {
    let (other, stamps) = set_up(&rig).await;
    let cursor = other.cursor_at(stamps[2]).await;
    let (raced, log) = raced(&rig).await;
    let (rival, last) = (other.clone(), stamps[5]);
    raced.before_write(async move {
        rival.on_ack(peer(2), last).await.unwrap();
    });
    let read = log.read_for(peer(1), cursor, ReadLimits::default());
    let error = read.await.unwrap_err();
    let expected = compacted(stamps[2], stamps[4], stamps[5]);
    assert_eq!(format!("{error:?}"), format!("{expected:?}"), "K2");
    let row = other.snapshot().await.sound_peer(peer(1));
    assert_eq!(row.facts.hold, None, "K2: nothing to hold");
}

/// The hold is committed before the page is read: a prune that comes between
/// the two, or right after, deletes nothing that the page promises.
pub async fn the_hold_is_committed_before_the_page_is_returned<H: Harness>(rig: Rig<H>) {
    let (other, stamps) = set_up(&rig).await;
    let cursor = other.cursor_at(stamps[2]).await;
    let (raced, log) = raced(&rig).await;
    let (rival, last) = (other.clone(), stamps[5]);
    raced.before_read(async {});
    raced.before_read(async move {
        rival.on_ack(peer(2), last).await.unwrap();
    });
    let page = log.page(peer(1), cursor).await;
    assert!(raced.is_done(), "K2: the prune came between");
    let got: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
    assert_eq!(got, stamps[3..], "K2: without a hole");
    assert_eq!(other.floor().await.unwrap(), stamps[2], "K2");
    let ack = other
        .acknowledge(Ack::new(peer(1), page.next))
        .await
        .unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "K2: it caught up");
    assert_eq!(other.prune_acked().await.unwrap(), 3, "K2");
}

/// A second read from further down gets in before the hold of the first: the
/// lower one stays.
pub async fn a_deeper_read_that_gets_in_before_the_hold_keeps_its_hold<H: Harness>(rig: Rig<H>) {
    let (other, stamps) = set_up(&rig).await;
    let cursor = other.cursor_at(stamps[3]).await;
    let deeper = other.cursor_at(stamps[2]).await;
    let (raced, log) = raced(&rig).await;
    let rival = other.clone();
    raced.before_write(async move {
        rival.page(peer(1), deeper).await;
    });
    log.page(peer(1), cursor).await;
    assert!(raced.is_done(), "K2: the deeper read came between");
    assert_eq!(
        other.position(peer(1)).await,
        stamps[2],
        "K2: it only moves down"
    );
}

/// The peer is retired while it reads: no page, and no hold.
pub async fn a_retirement_that_gets_in_before_the_hold_is_told<H: Harness>(rig: Rig<H>) {
    let (other, stamps) = set_up(&rig).await;
    let cursor = other.cursor_at(stamps[2]).await;
    let (raced, log) = raced(&rig).await;
    let rival = other.clone();
    raced.before_write(async move {
        rival.retire(peer(1)).await.unwrap();
        rival.record(change(9)).await.unwrap();
    });
    let read = log.read_for(peer(1), cursor, ReadLimits::default());
    let expected = LogError::PeerRetired {
        peer: peer(1).into(),
        since_ms: START_MS,
        reason: RetireReason::Operator,
    };
    let error = read.await.unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{expected:?}"), "K2");
}
