//! Remote stamps move the clock, all or nothing, and for good (`A5`).

use sync_log_core::{Hlc, LogError};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{DEVICE, HOUR_MS, START_MS, change, foreign, just_above, own_after, peer};

fn remote(after_start_ms: i64) -> Hlc {
    Hlc::new((START_MS + after_start_ms).cast_unsigned(), 4, peer(1))
}

/// The highest is committed before `Ok`, and every later stamp is above it.
pub async fn the_highest_stamp_becomes_the_high_water<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let remotes = [remote(10), remote(3000), foreign(remote(2000))];
    let highest = log.observe_all(&remotes).await.unwrap();
    assert_eq!(highest, Some(remote(3000)), "A5");
    let state = log.snapshot().await.state;
    assert_eq!(state.high_water, remote(3000), "A5: committed");
    assert_eq!(state.head.hlc, Hlc::ZERO, "A5: the head is of own commits");
    assert_eq!(rig.storage.retained().await, [], "A4: it is no entry here");
    assert!(log.record(change(0)).await.unwrap() > remote(3000), "A5");
}

/// A stamp at or below the high-water is accepted, and nothing is written.
pub async fn a_stamp_from_the_past_writes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.observe_all(&[remote(1000)]).await.unwrap();
    for past in [
        remote(1000),
        remote(999),
        remote(-10 * 365 * 24 * HOUR_MS),
        Hlc::ZERO,
    ] {
        log.changes_nothing("A5", Some(past), log.observe_all(&[past]))
            .await;
    }
}

/// An own stamp that comes back is an echo, and is accepted. An own stamp that was
/// never issued here shows that another device uses this id.
pub async fn an_echo_is_fine_and_an_own_stamp_ahead_is_not<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let last = *log.record_one_by_one(2).await.last().unwrap();
    log.changes_nothing("H7", Some(last), log.observe_all(&[last]))
        .await;
    let tick = log.tick().await.unwrap();
    let ahead = own_after(tick, 5);
    let error = LogError::UnknownOwnStamp { hlc: ahead };
    log.refuses("H7", error, log.observe_all(&[remote(1), ahead]))
        .await;
    assert_eq!(
        log.tick().await.unwrap(),
        just_above(tick),
        "H2: nothing moved"
    );
}

/// A stamp that another handle issued is an echo too: it is looked up under the lock.
pub async fn a_stamp_of_another_handle_is_an_echo<H: Harness>(rig: Rig<H>) {
    let (log, other) = (rig.open().await, rig.open().await);
    rig.wall.advance_ms(100);
    let stamp = other.record(change(0)).await.unwrap();
    assert_eq!(log.observe_all(&[stamp]).await.unwrap(), Some(stamp), "H7");
}

/// Stamps of entries that are retained, or were pruned, are no sign.
pub async fn own_stamps_that_the_log_knows_are_no_sign<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    log.observe_all(&stamps).await.unwrap();
    let log = rig.reopen(log).await;
    log.observe_all(&stamps).await.unwrap();
    let before_all = Hlc::new(1, 0, DEVICE);
    log.observe_all(&[before_all]).await.unwrap();
    assert_eq!(log.signs().await, [], "H7");
    // Between two entries, where no entry ever was.
    let between = own_after(stamps[3], 1);
    log.record(change(9)).await.unwrap();
    rig.wall.advance_ms(HOUR_MS);
    log.record(change(10)).await.unwrap();
    let error = LogError::UnknownOwnStamp { hlc: between };
    log.refuses("H7", error, log.observe_all(&[between])).await;
}
