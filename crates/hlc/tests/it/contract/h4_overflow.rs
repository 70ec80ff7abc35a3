//! `H4`: nothing overflows and nothing from outside exhausts the clock.

use super::*;

checks!["H4":
    a_full_counter_carries_into_the_millisecond,
    a_foreign_counter_that_does_not_fit_rounds_up_to_the_next_millisecond,
    stamps_from_the_ceiling_on_are_refused_even_without_limits,
    the_highest_stamp_from_outside_does_not_exhaust_the_clock,
];

fn a_full_counter_carries_into_the_millisecond(bench: &Bench) {
    let clock = bench.clock();
    clock.resume(own(NOW, 0xfffe)).unwrap();
    assert_eq!(
        [clock.tick(), clock.tick()],
        [own(NOW, 0xffff), own(NOW + 1, 0)]
    );
    assert_eq!(clock.observe(other(NOW + 1, 0xffff)), Ok(own(NOW + 2, 0)));
}

fn a_foreign_counter_that_does_not_fit_rounds_up_to_the_next_millisecond(bench: &Bench) {
    for counter in [0x1_0000, u64::MAX] {
        assert_eq!(
            bench.clock().observe(other(NOW, counter)),
            Ok(own(NOW + 1, 0))
        );
    }
}

fn stamps_from_the_ceiling_on_are_refused_even_without_limits(bench: &Bench) {
    let clock = bench.clock_within(unlimited());
    for timestamp in [CEILING_MS, 1 << 48, u64::MAX] {
        for remote in [other(timestamp, 0), own(timestamp, 0)] {
            let error = ObserveError::AboveCeiling { remote };
            assert_eq!(clock.observe(remote), Err(error));
            assert_eq!(clock.check(remote), Err(error));
            assert_eq!(clock.observe_all(&[remote]), Err(error));
        }
    }
}

fn the_highest_stamp_from_outside_does_not_exhaust_the_clock(bench: &Bench) {
    let wall = ManualClock::new(CEILING_MS.cast_signed() - 1);
    let clock = bench.clock_with(&wall, unlimited());
    assert_eq!(clock.tick(), own(CEILING_MS - 1, 0));
    let highest = clock.observe(other(CEILING_MS - 1, u64::MAX)).unwrap();
    assert_eq!(highest, own(CEILING_MS, 0));
    for (ms, counter) in [(CEILING_MS, 1), (CEILING_MS + 1, 2), (1 << 48, 3)] {
        wall.set_ms(ms.cast_signed());
        let stamp = own(CEILING_MS, counter);
        assert_eq!(clock.tick(), stamp, "such a reading counts as none");
    }

    let restarted = bench.clock_on(&wall);
    restarted.resume(clock.last()).unwrap();
    assert_eq!(restarted.tick(), own(CEILING_MS, 4));
}
