//! `H3`: the future is bounded, the past is not, and asking moves nothing.

use super::*;

checks!["H3":
    a_stamp_up_to_a_day_ahead_is_taken_and_beyond_it_refused_with_the_numbers,
    beyond_five_minutes_a_stamp_is_taken_with_a_warning,
    the_past_is_never_refused,
    a_limit_of_zero_is_no_drift_and_not_no_limit,
    unlimited_takes_all_below_the_ceiling,
    drift_is_measured_from_the_wall_clock_and_does_not_creep,
    without_a_reading_of_the_wall_clock_the_future_is_refused_rather_than_trusted,
    a_check_gives_the_verdict_and_moves_nothing,
    drift_alone_can_be_checked_whoever_issued_the_stamp,
];

fn a_stamp_up_to_a_day_ahead_is_taken_and_beyond_it_refused_with_the_numbers(bench: &Bench) {
    bench.clock().observe(other(NOW + DAY_MS, 0)).unwrap();
    let remote = other(NOW + DAY_MS + 1, 0);
    let exceeded = DriftExceeded {
        device: OTHER,
        remote,
        now_ms: NOW.cast_signed(),
        ahead_by_ms: DAY_MS + 1,
        limit_ms: DAY_MS,
    };
    assert_eq!(
        bench.clock().observe(remote),
        Err(ObserveError::TooFarAhead(exceeded))
    );
}

fn beyond_five_minutes_a_stamp_is_taken_with_a_warning(bench: &Bench) {
    let drift = |ahead_by_ms| bench.clock().check(other(NOW + ahead_by_ms, 0)).unwrap();
    assert_eq!(
        drift(300_000),
        Drift {
            ahead_by_ms: 300_000,
            warns: false
        }
    );
    assert_eq!(
        drift(300_001),
        Drift {
            ahead_by_ms: 300_001,
            warns: true
        }
    );
}

fn the_past_is_never_refused(bench: &Bench) {
    let clock = bench.clock();
    for timestamp in [0, NOW - TEN_YEARS_MS, NOW] {
        let drift = Drift {
            ahead_by_ms: 0,
            warns: false,
        };
        assert_eq!(clock.check(other(timestamp, u64::MAX)), Ok(drift));
        clock.observe(other(timestamp, 0)).unwrap();
    }
}

fn a_limit_of_zero_is_no_drift_and_not_no_limit(bench: &Bench) {
    let zero = DriftLimits {
        warn: DriftLimit::AtMostMs(0),
        refuse: DriftLimit::AtMostMs(0),
    };
    let clock = bench.clock_within(zero);
    assert_eq!(clock.limits(), zero);
    clock.observe(other(NOW, 0)).unwrap();
    clock.observe(other(NOW + 1, 0)).unwrap_err();
}

fn unlimited_takes_all_below_the_ceiling(bench: &Bench) {
    let clock = bench.clock_within(unlimited());
    let ahead_by_ms = CEILING_MS - 1 - NOW;
    let drift = Drift {
        ahead_by_ms,
        warns: false,
    };
    assert_eq!(clock.check(other(CEILING_MS - 1, 0)), Ok(drift));
    assert_eq!(
        clock.observe(other(CEILING_MS - 1, 0)),
        Ok(own(CEILING_MS - 1, 1))
    );
}

fn drift_is_measured_from_the_wall_clock_and_does_not_creep(bench: &Bench) {
    let clock = bench.clock();
    clock.observe(other(NOW + DAY_MS, 0)).unwrap();
    clock.observe(other(NOW + DAY_MS + 1, 0)).unwrap_err();
}

fn without_a_reading_of_the_wall_clock_the_future_is_refused_rather_than_trusted(bench: &Bench) {
    for now_ms in [-1, i64::MIN, CEILING_MS.cast_signed(), i64::MAX] {
        let remote = other(NOW, 0);
        let exceeded = DriftExceeded {
            device: OTHER,
            remote,
            now_ms,
            ahead_by_ms: NOW,
            limit_ms: DAY_MS,
        };
        let clock = bench.clock_at(now_ms);
        assert_eq!(
            clock.observe(remote),
            Err(ObserveError::TooFarAhead(exceeded))
        );
        assert_eq!(clock.now_ms(), now_ms);
    }
}

fn a_check_gives_the_verdict_and_moves_nothing(bench: &Bench) {
    let clock = bench.clock();
    let remotes = [
        other(NOW + 1, 0),
        other(NOW + 400_000, 0),
        other(NOW + 9, 0),
    ];
    let worst = Drift {
        ahead_by_ms: 400_000,
        warns: true,
    };
    assert_eq!(clock.check_all(&remotes), Ok(Some(worst)));
    assert_eq!(clock.check(remotes[1]), Ok(worst));
    clock.check(other(NOW + DAY_MS + 1, 0)).unwrap_err();
    assert_eq!(clock.last(), own(0, 0));
}

fn drift_alone_can_be_checked_whoever_issued_the_stamp(bench: &Bench) {
    let clock = bench.clock();
    let drift = Drift {
        ahead_by_ms: DAY_MS,
        warns: true,
    };
    for device in [OWN, OTHER] {
        let stamp = |timestamp| Hlc::new(timestamp, 0, device);
        assert_eq!(clock.check_drift(stamp(NOW + DAY_MS)), Ok(drift));
        let error = clock.check_drift(stamp(NOW + DAY_MS + 1)).unwrap_err();
        assert!(matches!(error, ObserveError::TooFarAhead(exceeded) if exceeded.device == device));
        let remote = stamp(CEILING_MS);
        assert_eq!(
            clock.check_drift(remote),
            Err(ObserveError::AboveCeiling { remote })
        );
    }
    assert_eq!(clock.last(), own(0, 0));
}
