//! `H1`: each stamp is above every stamp issued or observed before.

use super::*;

checks!["H1":
    a_stamp_is_the_wall_clock_and_the_counter_starts_again_with_each_millisecond,
    stamps_go_up_whatever_the_wall_clock_does,
    the_first_stamp_of_a_device_without_a_wall_clock_is_not_zero,
    the_last_stamp_is_the_highest_issued_or_observed,
];

fn a_stamp_is_the_wall_clock_and_the_counter_starts_again_with_each_millisecond(bench: &Bench) {
    let wall = ManualClock::new(5);
    let clock = bench.clock_on(&wall);
    assert_eq!([clock.tick(), clock.tick()], [own(5, 0), own(5, 1)]);
    wall.set_ms(6);
    assert_eq!([clock.tick(), clock.tick()], [own(6, 0), own(6, 1)]);
}

fn stamps_go_up_whatever_the_wall_clock_does(bench: &Bench) {
    let wall = ManualClock::new(NOW.cast_signed());
    let clock = bench.clock_on(&wall);
    let mut last = clock.tick();
    let back = NOW.cast_signed() - TEN_YEARS_MS.cast_signed();
    for ms in [
        NOW.cast_signed() - 1,
        back,
        0,
        -1,
        i64::MIN,
        i64::MAX,
        NOW.cast_signed(),
    ] {
        wall.set_ms(ms);
        let stamp = clock.tick();
        assert!(stamp > last, "{ms}");
        let observed = clock.observe(stamp).unwrap();
        assert!(observed > stamp, "{ms}");
        last = observed;
    }
    assert_eq!(last.timestamp, NOW, "a nonsensical reading moves nothing");
}

fn the_first_stamp_of_a_device_without_a_wall_clock_is_not_zero(bench: &Bench) {
    let clock = bench.clock_at(-1);
    assert_eq!(clock.last(), own(0, 0));
    assert_eq!(clock.tick(), own(0, 1));
}

fn the_last_stamp_is_the_highest_issued_or_observed(bench: &Bench) {
    let clock = bench.clock();
    assert_eq!(clock.last(), own(0, 0));
    let issued = clock.tick();
    assert_eq!(clock.last(), issued);
    let observed = clock.observe(other(NOW + 7, 7)).unwrap();
    assert_eq!(clock.last(), observed);
}
