//! `H7`: an echo is fine, a stamp that this clock has not issued is a clone.

use super::*;

checks!["H7":
    an_echo_at_or_below_the_last_stamp_is_observed_like_any_other,
    an_own_stamp_above_the_last_is_a_clone_or_a_restored_backup,
    the_whole_counter_is_compared_and_not_what_the_clock_can_hold_of_it,
    before_the_clock_is_resumed_its_old_stamps_are_ahead,
    an_echo_is_not_refused_when_the_wall_clock_went_back_but_warns,
    a_stamp_ahead_with_the_own_id_is_a_clone_before_it_is_drift,
];

fn an_echo_at_or_below_the_last_stamp_is_observed_like_any_other(bench: &Bench) {
    let clock = bench.clock();
    let (first, second) = (clock.tick(), clock.tick());
    assert_eq!(clock.observe(second), Ok(own(NOW, 2)));
    assert_eq!(clock.observe(first), Ok(own(NOW, 3)));
    assert_eq!(clock.observe_all(&[second, first]), Ok(Some(own(NOW, 4))));
}

fn an_own_stamp_above_the_last_is_a_clone_or_a_restored_backup(bench: &Bench) {
    let clock = bench.clock();
    let last = clock.tick();
    for remote in [own(NOW, 1), own(NOW, 0x1_0000), own(NOW + 1, 0)] {
        let error = ObserveError::OwnStampAhead { remote, last };
        assert_eq!(clock.check(remote), Err(error));
        assert_eq!(clock.observe(remote), Err(error));
        assert_eq!(clock.observe_all(&[other(NOW, 0), remote]), Err(error));
    }
}

fn the_whole_counter_is_compared_and_not_what_the_clock_can_hold_of_it(bench: &Bench) {
    let clock = bench.clock();
    clock.resume(own(NOW, 0xffff)).unwrap();
    clock.observe(own(NOW, 0x1_0000)).unwrap_err();
    clock.check(own(NOW, 0xffff)).unwrap();

    clock.resume(own(NOW, 0x1_0000)).unwrap();
    clock.check(own(NOW, u64::MAX)).unwrap();
    assert_eq!(clock.observe(own(NOW, 0x1_0000)), Ok(own(NOW + 1, 1)));

    // Also where the millisecond of the stamp is over, and the clock at its very end.
    let at_its_end = bench.clock();
    at_its_end.resume(own(NOW - 1, 0xffff)).unwrap();
    at_its_end.observe(own(NOW - 1, 0x1_0000)).unwrap_err();
    assert_eq!(at_its_end.observe(own(NOW - 1, 0xffff)), Ok(own(NOW, 0)));
}

fn before_the_clock_is_resumed_its_old_stamps_are_ahead(bench: &Bench) {
    let clock = bench.clock();
    clock.check(own(NOW - 1, 0)).unwrap_err();
    clock.resume(other(NOW - 1, 0)).unwrap();
    clock.check(own(NOW - 1, 0)).unwrap();
}

fn an_echo_is_not_refused_when_the_wall_clock_went_back_but_warns(bench: &Bench) {
    let wall = ManualClock::new(NOW.cast_signed());
    let clock = bench.clock_on(&wall);
    let echo = clock.tick();
    wall.set_ms((NOW - TEN_YEARS_MS).cast_signed());
    assert_eq!(
        clock.check(echo),
        Ok(Drift {
            ahead_by_ms: TEN_YEARS_MS,
            warns: true
        })
    );
    assert_eq!(clock.observe(echo), Ok(own(NOW, 1)));
}

fn a_stamp_ahead_with_the_own_id_is_a_clone_before_it_is_drift(bench: &Bench) {
    let error = bench.clock().observe(own(NOW + 2 * DAY_MS, 0)).unwrap_err();
    assert!(matches!(error, ObserveError::OwnStampAhead { .. }));
}
