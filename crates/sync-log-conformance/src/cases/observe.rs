//! Remote stamps move the clock, all or nothing, and for good (`A5`).

use sync_log_core::hlc::{CEILING_MS, DriftExceeded, ObserveError};
use sync_log_core::{Hlc, LogError, MAX_OBSERVED};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{HOUR_MS, START_MS, change, foreign, just_above, own_after, peer};

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

/// What is not above the high-water is taken and writes nothing.
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

/// No stamps: nothing to say, nothing to write.
pub async fn no_stamps_are_none<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.changes_nothing("A5", None, log.observe_all(&[])).await;
}

/// One stamp is beyond the limit: none of them moves anything.
pub async fn one_stamp_too_far_ahead_refuses_them_all<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let limit_ms = 24 * HOUR_MS;
    let far = remote(limit_ms + 1);
    let exceeded = DriftExceeded {
        device: peer(1),
        remote: far,
        now_ms: START_MS,
        ahead_by_ms: limit_ms.cast_unsigned() + 1,
        limit_ms: limit_ms.cast_unsigned(),
    };
    let remotes = [remote(HOUR_MS), far, remote(2)];
    let refused = LogError::Clock(ObserveError::TooFarAhead(exceeded));
    log.refuses("A5", refused, log.observe_all(&remotes)).await;
    let next = log.record(change(0)).await.unwrap();
    assert!(next < remote(HOUR_MS), "H2: nothing moved, not even partly");
    let at_limit = remote(limit_ms);
    assert_eq!(
        log.observe_all(&[at_limit]).await.unwrap(),
        Some(at_limit),
        "H3: the limit itself is within it"
    );
}

/// A stamp at the ceiling is refused.
pub async fn a_stamp_at_the_ceiling_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let remote = Hlc::new(CEILING_MS, 0, peer(1));
    let refused = LogError::Clock(ObserveError::AboveCeiling { remote });
    log.refuses("A5", refused, log.observe_all(&[remote])).await;
}

/// Own stamps come back as an echo: fine. One that was never issued here means
/// that another device uses this id.
pub async fn an_echo_is_fine_and_an_own_stamp_ahead_is_not<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let last = *log.record_one_by_one(2).await.last().unwrap();
    log.changes_nothing("H7", Some(last), log.observe_all(&[last]))
        .await;
    let last = log.tick().await.unwrap();
    let ahead = own_after(last, 5);
    let error = LogError::UnknownOwnStamp { hlc: ahead };
    log.refuses("H7", error, log.observe_all(&[remote(1), ahead]))
        .await;
    assert_eq!(
        log.tick().await.unwrap(),
        just_above(last),
        "H2: nothing moved"
    );
}

/// What another handle issued is an echo too: it is looked up under the lock.
pub async fn a_stamp_of_another_handle_is_an_echo<H: Harness>(rig: Rig<H>) {
    let (log, other) = (rig.open().await, rig.open().await);
    rig.wall.advance_ms(100);
    let stamp = other.record(change(0)).await.unwrap();
    assert_eq!(log.observe_all(&[stamp]).await.unwrap(), Some(stamp), "H7");
}

/// One call takes a bounded number of stamps.
pub async fn too_many_stamps_are_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let (count, limit) = (MAX_OBSERVED + 1, MAX_OBSERVED);
    let refused = LogError::TooMany { count, limit };
    log.refuses("A5", refused, log.observe_all(&vec![remote(1); count]))
        .await;
    let most = log.observe_all(&vec![remote(1); limit]).await.unwrap();
    assert_eq!(most, Some(remote(1)), "A5");
}
