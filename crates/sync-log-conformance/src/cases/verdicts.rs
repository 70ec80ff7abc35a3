//! A sign that a file was restored or cloned is kept until it is dismissed (`H7`, `R2`, `K6`).

use sync_log_core::{
    Cause, Cursor, Hlc, LogError, ReadLimits, Remedy, Tag, Uuid, Verdict, VerdictKind,
};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, HOUR_MS, START_MS, change, in_other_log, own_after, peer};

/// The signs that are kept, as `status` and `explain` show them.
async fn shown(log: &Log) -> Vec<(VerdictKind, Hlc, Option<Uuid>)> {
    let verdicts = log.verdicts().await;
    let explained = log.explain().await.unwrap().held;
    let named: Vec<Verdict> = explained
        .iter()
        .filter_map(|held| match held.cause {
            Cause::Restored(verdict) => {
                assert_eq!(held.remedy, Some(Remedy::NewIdentity), "P7");
                assert_eq!((held.peer, held.lag_entries), (verdict.peer, 0), "P7");
                Some(verdict)
            }
            _ => None,
        })
        .collect();
    assert_eq!(named, verdicts, "P7: both show the same");
    let shown = verdicts.iter();
    shown.map(|v| (v.kind, v.hlc, v.peer)).collect()
}

/// A log that was put back, and the cursor of peer 1, which was further.
async fn restored<H: Harness>(rig: &Rig<H>) -> (Log, Cursor) {
    let log = rig.open().await;
    log.register_peers(2).await;
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
pub async fn a_reader_that_was_further_leaves_a_verdict_that_stays<H: Harness>(rig: Rig<H>) {
    let (log, cursor) = restored(&rig).await;
    assert_eq!(shown(&log).await, [], "R2: a restore alone shows nothing");
    refused(&log, 1, cursor).await;
    let sign = (VerdictKind::AheadOfHead, cursor.hlc(), Some(peer(1)));
    assert_eq!(shown(&log).await, [sign], "R2");
    rig.wall.advance_ms(HOUR_MS);
    refused(&log, 2, cursor).await;
    let log = rig.reopen(log).await;
    assert_eq!(shown(&log).await, [sign], "R2: it stays");
    log.record(change(9)).await.unwrap();
    log.register_peer(peer(3)).await.unwrap();
    assert_eq!(log.page(peer(3), Cursor::ZERO).await.entries.len(), 4, "R2");
    assert_eq!(shown(&log).await, [sign], "R2: it stays");
}

/// A sign that is still true comes back.
pub async fn a_verdict_is_dismissed_and_comes_back_if_it_is_still_true<H: Harness>(rig: Rig<H>) {
    let (log, cursor) = restored(&rig).await;
    refused(&log, 1, cursor).await;
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 1, "R2");
    let log = rig.reopen(log).await;
    assert_eq!(shown(&log).await, [], "R2");
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 0, "R2");
    refused(&log, 2, cursor).await;
    let sign = (VerdictKind::AheadOfHead, cursor.hlc(), Some(peer(2)));
    assert_eq!(shown(&log).await, [sign], "R2");
}

/// A cursor with another past is a sign of its own kind, beside the others.
pub async fn another_history_leaves_a_verdict<H: Harness>(rig: Rig<H>) {
    let (log, further) = restored(&rig).await;
    refused(&log, 1, further).await;
    let head = log.head_cursor().await.unwrap();
    let other = Cursor::new(head.log_id(), head.hlc(), Tag::from_bytes([7; 16])).unwrap();
    refused(&log, 2, other).await;
    let expected = [
        (VerdictKind::Diverged, other.hlc(), Some(peer(2))),
        (VerdictKind::AheadOfHead, further.hlc(), Some(peer(1))),
    ];
    assert_eq!(shown(&log).await, expected, "R2");
    assert_eq!(log.dismiss_verdicts().await.unwrap().len(), 2, "R2");
}

/// Neither a wall clock that ran on nor foreign stamps observed since hide a stamp of this
/// device that this log gave no entry. Nothing else is refused.
pub async fn an_own_stamp_that_this_log_does_not_know_leaves_a_verdict<H: Harness>(rig: Rig<H>) {
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
        shown(&log).await,
        [(VerdictKind::OwnStamp, own, None)],
        "H7"
    );
    log.record(change(10)).await.unwrap();
    log.observe_all(&[foreign]).await.unwrap();
    let log = rig.reopen(log).await;
    assert_eq!(
        shown(&log).await,
        [(VerdictKind::OwnStamp, own, None)],
        "H7"
    );
}

/// Stamps of entries that are retained, or were pruned, are no sign.
pub async fn own_stamps_that_the_log_knows_are_no_sign<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    log.observe_all(&stamps).await.unwrap();
    let log = rig.reopen(log).await;
    log.observe_all(&stamps).await.unwrap();
    let before_all = Hlc::new(1, 0, DEVICE);
    log.observe_all(&[before_all]).await.unwrap();
    assert_eq!(shown(&log).await, [], "H7");
    // Between two entries, where no entry ever was.
    let between = own_after(stamps[3], 1);
    log.record(change(9)).await.unwrap();
    rig.wall.advance_ms(HOUR_MS);
    log.record(change(10)).await.unwrap();
    let error = LogError::UnknownOwnStamp { hlc: between };
    log.refuses("H7", error, log.observe_all(&[between])).await;
}

/// A number that an earlier log of this device gave out shows nothing about this one.
pub async fn a_higher_admission_of_another_log_is_no_sign<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peers(1).await;
    log.record_one_by_one(1).await;
    let cursor = log.head_cursor().await.unwrap();
    for place in [Cursor::ZERO, in_other_log(cursor)] {
        let refused = LogError::OtherAdmission {
            peer: peer(1),
            given: 3,
            admission: 1,
        };
        log.refuses("K6", refused, log.record_ack_under(peer(1), 3, place))
            .await;
    }
    assert_eq!(shown(&log).await, [], "K6");
}

/// A number that this log has not given out yet is a sign; a lower one is of an old ack.
pub async fn a_higher_admission_leaves_a_verdict<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peers(1).await;
    log.record_one_by_one(1).await;
    let cursor = log.head_cursor().await.unwrap();
    log.retire(peer(1)).await.unwrap();
    assert_eq!(log.admit(peer(1)).await.unwrap(), 2);
    log.record_ack_at(peer(1), cursor).await.unwrap_err();
    assert_eq!(shown(&log).await, [], "K6: an old ack shows nothing");
    let ahead = LogError::AdmissionAhead {
        peer: peer(1),
        hlc: cursor.hlc(),
        given: 3,
        admission: 2,
    };
    log.refuses("K6", ahead, log.record_ack_under(peer(1), 3, cursor))
        .await;
    let sign = (VerdictKind::Admission, cursor.hlc(), Some(peer(1)));
    assert_eq!(shown(&log).await, [sign], "K6");
}
