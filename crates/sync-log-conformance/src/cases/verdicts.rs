//! A sign that a file was restored or cloned is kept until it is dismissed (`H7`, `R2`, `K6`).

use sync_log_core::{Cursor, Hlc, LogError, ReadLimits, Tag, VerdictKind};

use crate::harness::Tampering;
use crate::interpose::Interposed;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, HOUR_MS, LIBRARY, START_MS, change, peer};

/// A restored log, and the cursor of peer 1, which had read further.
async fn restored<H: Tampering>(rig: &Rig<H>) -> (Log, Cursor) {
    let log = rig.open_with_peers(2).await;
    log.record_one_by_one(3).await;
    let (log, backup) = rig.back_up(log).await;
    log.record_one_by_one(2).await;
    let page = log.page(peer(1), Cursor::ZERO).await;
    (rig.restore(log, &backup).await, page.next)
}

async fn refused(log: &Log, number: u128, cursor: Cursor) -> LogError {
    let read = log.read_for(peer(number), cursor, ReadLimits::default());
    read.await.unwrap_err()
}

/// The first sign of a kind is kept, over restarts, and refuses no write.
pub async fn a_reader_that_was_further_leaves_a_verdict_that_stays<H: Tampering>(rig: Rig<H>) {
    let (log, cursor) = restored(&rig).await;
    assert_eq!(log.signs().await, [], "R2: a restore alone shows nothing");
    refused(&log, 1, cursor).await;
    let sign = (VerdictKind::AheadOfHead, cursor.hlc(), Some(peer(1)));
    assert_eq!(log.signs().await, [sign], "R2");
    rig.wall.advance_ms(HOUR_MS);
    refused(&log, 2, cursor).await;
    let log = rig.reopen(log).await;
    assert_eq!(log.signs().await, [sign], "R2: it stays");
    log.record(change(9)).await.unwrap();
    log.register_peer(peer(3)).await.unwrap();
    assert_eq!(log.page(peer(3), Cursor::ZERO).await.entries.len(), 4, "R2");
    assert_eq!(log.signs().await, [sign], "R2: it stays");
}

/// A sign that is still true comes back.
pub async fn a_verdict_is_dismissed_and_comes_back_if_it_is_still_true<H: Tampering>(rig: Rig<H>) {
    let (log, cursor) = restored(&rig).await;
    refused(&log, 1, cursor).await;
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 1, "R2");
    let log = rig.reopen(log).await;
    assert_eq!(log.signs().await, [], "R2");
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 0, "R2");
    refused(&log, 2, cursor).await;
    let sign = (VerdictKind::AheadOfHead, cursor.hlc(), Some(peer(2)));
    assert_eq!(log.signs().await, [sign], "R2");
}

/// A sign that is found while others are dismissed was not seen by the caller, so it stays: one of
/// another kind, and one that took the position of the sign that was seen.
pub async fn a_sign_that_is_found_during_a_dismissal_stays<H: Tampering>(rig: Rig<H>) {
    let (log, further) = restored(&rig).await;
    refused(&log, 1, further).await;
    let raced = Interposed::new(rig.storage.open(LIBRARY, DEVICE).await.unwrap());
    let dismissing = Log::on(raced.clone(), rig.options()).await;
    let head = log.head_cursor().await.unwrap();
    let other = Cursor::new(head.log_id(), head.hlc(), Tag::from_bytes([7; 16])).unwrap();
    raced.before_write(async move {
        refused(&log, 2, other).await;
    });
    assert_eq!(dismissing.dismiss_verdicts().await.unwrap().len(), 1, "R2");
    let diverged = (VerdictKind::Diverged, other.hlc(), Some(peer(2)));
    assert_eq!(dismissing.signs().await, [diverged], "R2");

    let rival = rig.open().await;
    rig.wall.advance_ms(HOUR_MS);
    raced.before_write(async move {
        rival.dismiss_verdicts().await.unwrap();
        refused(&rival, 1, other).await;
    });
    assert_eq!(dismissing.dismiss_verdicts().await.unwrap().len(), 1, "R2");
    let again = (VerdictKind::Diverged, other.hlc(), Some(peer(1)));
    assert_eq!(dismissing.signs().await, [again], "R2");
    assert!(raced.is_done(), "R2: the other handle went first");
}

/// A cursor with another past is a sign of its own kind, beside the others.
pub async fn another_history_leaves_a_verdict<H: Tampering>(rig: Rig<H>) {
    let (log, further) = restored(&rig).await;
    refused(&log, 1, further).await;
    let head = log.head_cursor().await.unwrap();
    let other = Cursor::new(head.log_id(), head.hlc(), Tag::from_bytes([7; 16])).unwrap();
    refused(&log, 2, other).await;
    let expected = [
        (VerdictKind::Diverged, other.hlc(), Some(peer(2))),
        (VerdictKind::AheadOfHead, further.hlc(), Some(peer(1))),
    ];
    assert_eq!(log.signs().await, expected, "R2");
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 2, "R2");
}

/// Neither a wall clock that ran on nor foreign stamps observed since hide a stamp of this
/// device that this log gave no entry. Nothing else is refused.
pub async fn an_own_stamp_that_this_log_does_not_know_leaves_a_verdict<H: Tampering>(rig: Rig<H>) {
    let (log, cursor) = restored(&rig).await;
    rig.wall.advance_ms(HOUR_MS);
    let later = (START_MS + HOUR_MS).cast_unsigned();
    let foreign = Hlc::new(later, 0, peer(1));
    log.observe_all(&[foreign]).await.unwrap();
    log.record(change(9)).await.unwrap();
    let own = cursor.hlc();
    let error = LogError::UnknownOwnStamp { hlc: own };
    log.refuses("H7", error, log.observe_all(&[foreign, own]))
        .await;
    assert_eq!(
        log.signs().await,
        [(VerdictKind::OwnStamp, own, None)],
        "H7"
    );
    log.record(change(10)).await.unwrap();
    log.observe_all(&[foreign]).await.unwrap();
    let log = rig.reopen(log).await;
    assert_eq!(
        log.signs().await,
        [(VerdictKind::OwnStamp, own, None)],
        "H7"
    );
}
