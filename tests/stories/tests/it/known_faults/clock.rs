//! Faults of the clock.

use sync_log_sqlite::ObserveError;
use sync_log_sqlite::{Hlc, LogError};

use crate::known_faults::device::{Device, HOUR_MS, LAPTOP, NOW_MS, pending, record, refused};

on_both_stores! {
    the_clock_never_goes_back_and_repeats_no_stamp
    the_clock_goes_on_after_a_restart_where_it_was
    a_stamp_from_the_far_future_is_refused_and_moves_nothing
}

/// Then: when the system's clock was set back, the clock went back with it, and
/// a user's new edits lost against her own older ones or took their stamps.
async fn the_clock_never_goes_back_and_repeats_no_stamp(phone: Device) {
    let log = phone.open().await;
    let mut stamps = record(&log, 3).await;
    for set_back_ms in [
        1,
        HOUR_MS,
        10 * 365 * 24 * HOUR_MS,
        100 * 365 * 24 * HOUR_MS,
    ] {
        phone.wall.set_ms(NOW_MS - set_back_ms);
        stamps.extend(record(&log, 3).await);
    }
    assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
    assert_eq!(pending(&log).await, stamps, "each is an entry of its own");
}

/// Then: the clock began anew at every start, so that the first edits after a
/// restart lost against what the user had seen on the screen before she made them.
async fn the_clock_goes_on_after_a_restart_where_it_was(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let own = record(&log, 1).await[0];
    let seen = Hlc::new(own.timestamp + HOUR_MS.unsigned_abs(), 7, LAPTOP);
    log.observe_all(&[seen]).await.unwrap();
    log.record_ack(LAPTOP, own).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1);
    log.close().await.unwrap();

    phone.wall.set_ms(NOW_MS - HOUR_MS);
    let first = record(&phone.open().await, 1).await[0];
    assert!(
        first > own,
        "above what it issued, though nothing is left of it"
    );
    assert!(first > seen, "above what it saw");
}

/// Then: one device whose year was wrong carried the clocks of all others to that
/// year for good, and what it had written won over every later edit.
async fn a_stamp_from_the_far_future_is_refused_and_moves_nothing(phone: Device) {
    let log = phone.open().await;
    let year_ahead = Hlc::new((NOW_MS + 365 * 24 * HOUR_MS).unsigned_abs(), 0, LAPTOP);
    refused(log.observe_all(&[year_ahead]).await, |error| {
        matches!(error, LogError::Clock(ObserveError::TooFarAhead(found))
            if found.remote == year_ahead && found.device == LAPTOP)
    });
    let next = record(&log, 1).await[0];
    assert_eq!(next.timestamp, NOW_MS.unsigned_abs());
}
