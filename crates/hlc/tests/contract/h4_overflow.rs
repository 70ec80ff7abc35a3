//! `H4`: nothing overflows and nothing from outside exhausts the clock.

use super::*;

#[test]
fn a_full_counter_carries_into_the_millisecond() {
    let clock = clock();
    clock.resume(own(NOW, 0xfffe)).unwrap();
    assert_eq!(
        [clock.tick(), clock.tick()],
        [own(NOW, 0xffff), own(NOW + 1, 0)]
    );
    assert_eq!(clock.observe(other(NOW + 1, 0xffff)), Ok(own(NOW + 2, 0)));
}

#[test]
fn a_foreign_counter_that_does_not_fit_rounds_up_to_the_next_millisecond() {
    for counter in [0x1_0000, u64::MAX] {
        assert_eq!(clock().observe(other(NOW, counter)), Ok(own(NOW + 1, 0)));
    }
}

#[test]
fn stamps_from_the_ceiling_on_are_refused_even_without_limits() {
    let clock = clock().with_limits(unlimited());
    for timestamp in [CEILING_MS, 1 << 48, u64::MAX] {
        for remote in [other(timestamp, 0), own(timestamp, 0)] {
            let error = ObserveError::AboveCeiling { remote };
            assert_eq!(clock.observe(remote), Err(error));
            assert_eq!(clock.check(remote), Err(error));
            assert_eq!(clock.observe_all(&[remote]), Err(error));
        }
    }
}

#[test]
fn the_highest_stamp_from_outside_does_not_exhaust_the_clock() {
    let wall = ManualClock::new(CEILING_MS.cast_signed() - 1);
    let clock = Clock::new(OWN, &wall).with_limits(unlimited());
    assert_eq!(clock.tick(), own(CEILING_MS - 1, 0));
    let highest = clock.observe(other(CEILING_MS - 1, u64::MAX)).unwrap();
    assert_eq!(highest, own(CEILING_MS, 0));
    wall.set_ms(CEILING_MS.cast_signed());
    assert_eq!(
        clock.tick(),
        own(CEILING_MS, 1),
        "such a reading counts as none"
    );

    let restarted = Clock::new(OWN, &wall);
    restarted.resume(clock.last()).unwrap();
    assert_eq!(restarted.tick(), own(CEILING_MS, 2));
}
