//! `H2`: an observed stamp is below the next one; an error changes nothing; a batch is all or nothing.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

checks!["H2":
    the_stamp_returned_is_above_the_remote_one_and_the_own_last,
    the_stamp_returned_is_at_or_above_the_wall_clock,
    a_refused_stamp_leaves_the_clock_untouched,
    of_many_stamps_the_highest_is_observed_in_one_step,
    no_stamps_are_nothing_to_observe,
    the_first_stamp_that_is_refused_decides_the_error,
    many_stamps_are_checked_against_one_reading_of_the_wall_clock,
];

fn the_stamp_returned_is_above_the_remote_one_and_the_own_last(bench: &Bench) {
    let clock = bench.clock();
    assert_eq!(clock.observe(other(NOW + 5, 3)), Ok(own(NOW + 5, 4)));
    assert_eq!(clock.observe(other(NOW + 5, 2)), Ok(own(NOW + 5, 5)));
    assert_eq!(clock.observe(other(7, 7)), Ok(own(NOW + 5, 6)));
    assert_eq!(clock.observe(Hlc::ZERO), Ok(own(NOW + 5, 7)));
}

fn the_stamp_returned_is_at_or_above_the_wall_clock(bench: &Bench) {
    assert_eq!(bench.clock().observe(other(7, 7)), Ok(own(NOW, 0)));
    assert_eq!(
        bench.clock().observe_all(&[other(7, 7)]),
        Ok(Some(own(NOW, 0)))
    );
}

fn a_refused_stamp_leaves_the_clock_untouched(bench: &Bench) {
    let clock = bench.clock();
    let last = clock.tick();
    for remote in [
        other(CEILING_MS, 0),
        own(NOW, 1),
        other(NOW + DAY_MS + 1, 0),
    ] {
        clock.observe(remote).unwrap_err();
        clock.observe_all(&[other(NOW + 9, 9), remote]).unwrap_err();
        assert_eq!(clock.last(), last, "{remote}");
    }
}

fn of_many_stamps_the_highest_is_observed_in_one_step(bench: &Bench) {
    let clock = bench.clock();
    let remotes = [
        other(NOW + 1, 0),
        other(NOW + 3, 5),
        other(NOW + 3, 4),
        other(NOW, 9),
    ];
    assert_eq!(clock.observe_all(&remotes), Ok(Some(own(NOW + 3, 6))));
    assert_eq!(clock.last(), own(NOW + 3, 6));
}

fn no_stamps_are_nothing_to_observe(bench: &Bench) {
    let clock = bench.clock();
    assert_eq!(clock.observe_all(&[]), Ok(None));
    assert_eq!(clock.check_all(&[]), Ok(None));
    assert_eq!(clock.last(), own(0, 0));
}

fn the_first_stamp_that_is_refused_decides_the_error(bench: &Bench) {
    let (far, ceiling) = (other(NOW + 2 * DAY_MS, 0), other(CEILING_MS, 0));
    let remotes = [other(NOW, 0), far, ceiling];
    let error = bench.clock().observe_all(&remotes).unwrap_err();
    assert!(matches!(error, ObserveError::TooFarAhead(exceeded) if exceeded.remote == far));
    assert_eq!(bench.clock().check_all(&remotes), Err(error));
}

fn many_stamps_are_checked_against_one_reading_of_the_wall_clock(bench: &Bench) {
    struct Falling(AtomicI64);
    impl WallClock for Falling {
        fn now_ms(&self) -> i64 {
            self.0.fetch_sub(1_000_000_000, Ordering::Relaxed)
        }
    }
    let clock = bench.clock_on(Falling(NOW.cast_signed().into()));
    let remotes = [other(NOW + 1, 0), other(NOW + 2, 0), other(NOW + 3, 0)];
    assert_eq!(clock.observe_all(&remotes), Ok(Some(own(NOW + 3, 1))));
}
