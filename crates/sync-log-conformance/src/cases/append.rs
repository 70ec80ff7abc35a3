//! Entries enter above the head, of this device only (`A1`, `A4`).

use sync_log_core::{Hlc, LogError};

use crate::harness::Harness;
use crate::interpose::Interposed;
use crate::rig::{Log, Rig};
use crate::sample::{
    DEVICE, HOUR_MS, START_MS, change, entry, foreign, just_above, just_below, own_after,
};

/// Stamps are returned in the order of the commits, which is the order of reading.
pub async fn stamps_ascend_in_commit_order<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut stamps = log.record_one_by_one(3).await;
    rig.wall.advance_ms(5);
    stamps.extend(log.record_one_by_one(2).await);
    rig.wall.advance_ms(-HOUR_MS);
    stamps.extend(log.record_group(3).await);
    assert!(stamps.is_sorted_by(|a, b| a < b), "A1: {stamps:?}");
    let snapshot = log.snapshot().await;
    assert_eq!(snapshot.stamps(), stamps, "A1: read in commit order");
    assert_eq!(
        (snapshot.state.head.hlc, snapshot.state.high_water),
        (stamps[7], stamps[7]),
        "A1: head and high-water are the last stamp"
    );
    assert_eq!(rig.storage.retained().await, stamps, "A1: as stored");
    assert!(
        stamps.iter().all(|stamp| stamp.device_id == DEVICE),
        "A4: own stamps"
    );
}

/// An entry between two others, or at the head, is refused.
pub async fn an_entry_not_above_the_head_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(10);
    let head = log.record(change(1)).await.unwrap();
    let below = Hlc {
        timestamp: head.timestamp - 5,
        ..head
    };
    for hlc in [below, just_below(head)] {
        let refused = LogError::Overtaken { hlc, head };
        log.refuses("A1", refused, log.append(entry(hlc, 9))).await;
    }
    let refused = LogError::OtherContent { hlc: head };
    log.refuses("A1", refused, log.append(entry(head, 9))).await;
    let next = just_above(head);
    assert_eq!(log.append(entry(next, 9)).await.unwrap(), next, "A1: above");
}

/// The head, not the high-water, is what an append must be above.
pub async fn an_append_may_lie_below_the_high_water<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamp = log.tick().await.unwrap();
    let remote = foreign(own_after(stamp, 60_000));
    log.observe_all(&[remote]).await.unwrap();
    log.append(entry(stamp, 0)).await.unwrap();
    let state = log.snapshot().await.state;
    assert_eq!(state.head.hlc, stamp, "A1");
    assert_eq!(state.high_water, remote, "A5: the high-water stays");
    assert!(log.record(change(1)).await.unwrap() > remote, "A5");
}

/// An append raises clock and high-water, even for the next start.
pub async fn an_appended_stamp_raises_clock_and_high_water<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let ahead = Hlc::new((START_MS + HOUR_MS).cast_unsigned(), 7, DEVICE);
    log.append(entry(ahead, 0)).await.unwrap();
    assert_eq!(log.snapshot().await.state.high_water, ahead, "A5");
    let next = log.tick().await.unwrap();
    assert!(next > ahead, "A1: the clock rose: {next}");
    let log = rig.reopen(log).await;
    let later = log.record(change(1)).await.unwrap();
    assert!(later > next, "A5: and stays: {later}");
}

/// Another process writes right before the lock is taken: the stamp is drawn
/// after that, so it is not late.
pub async fn a_record_is_not_late_when_another_writer_was_first<H: Harness>(rig: Rig<H>) {
    let other = rig.open().await;
    let raced = Interposed::new(rig.storage.open(crate::LIBRARY, DEVICE).await.unwrap());
    let log = Log::on(raced.clone(), rig.options()).await;
    let rival = other.clone();
    raced.before_write(async move {
        rival.record_group(50).await;
    });
    let stamp = log.record(change(0)).await.unwrap();
    assert!(raced.is_done(), "A1: the rival went first");
    let stamps = other.snapshot().await.stamps();
    assert_eq!(stamps.len(), 51, "A1: nothing was lost");
    assert_eq!(stamps.last(), Some(&stamp), "A1: commit order is HLC order");
}

/// Another process observes or ticks right before: the stamp is above that too.
pub async fn a_record_is_above_what_another_handle_observed<H: Harness>(rig: Rig<H>) {
    let (log, other) = (rig.open().await, rig.open().await);
    log.record(change(0)).await.unwrap();
    let remote = foreign(Hlc::new((START_MS + HOUR_MS).cast_unsigned(), 3, DEVICE));
    other.observe_all(&[remote]).await.unwrap();
    let stamp = log.record(change(1)).await.unwrap();
    assert!(stamp > remote, "A1: high-water is re-read under the lock");
    let tick = other.tick().await.unwrap();
    assert!(tick > stamp, "A1: so is the head");
}

/// Another process writes right before the lock is taken: the append is late,
/// though it was above the head when it was called.
pub async fn an_append_is_checked_under_the_lock<H: Harness>(rig: Rig<H>) {
    let other = rig.open().await;
    let raced = Interposed::new(rig.storage.open(crate::LIBRARY, DEVICE).await.unwrap());
    let log = Log::on(raced.clone(), rig.options()).await;
    let hlc = log.tick().await.unwrap();
    let rival = other.clone();
    raced.before_write(async move {
        rival.record(change(1)).await.unwrap();
    });
    let error = log.append(entry(hlc, 0)).await.unwrap_err();
    let head = other.head().await.unwrap();
    let expected = LogError::Overtaken { hlc, head };
    assert_eq!(format!("{error:?}"), format!("{expected:?}"), "A1");
    assert_eq!(other.snapshot().await.stamps(), [head], "A1: not written");
}
