//! `H5`: a restarted clock goes on above its high-water, at once.

use super::*;

checks!["H5":
    a_clock_goes_on_above_the_high_water_of_any_device_whatever_the_wall_clock_reads,
    what_was_observed_counts_towards_the_high_water,
    resume_only_raises,
    resume_is_not_subject_to_the_limits,
    resume_takes_half_the_reserve_and_refuses_the_rest_untouched,
];

fn a_clock_goes_on_above_the_high_water_of_any_device_whatever_the_wall_clock_reads(bench: &Bench) {
    for now_ms in [NOW.cast_signed(), 0, -1, i64::MIN, i64::MAX] {
        for high_water in [own(NOW + 5, 3), other(NOW + 5, 3)] {
            let clock = bench.clock_at(now_ms);
            clock.resume(high_water).unwrap();
            assert_eq!(clock.last(), own(NOW + 5, 3));
            assert_eq!(clock.tick(), own(NOW + 5, 4));
        }
    }
}

fn what_was_observed_counts_towards_the_high_water(bench: &Bench) {
    let before = bench.clock();
    let remote = other(NOW + 1000, 1);
    before.observe(remote).unwrap();
    let after = bench.clock();
    after.resume(before.last()).unwrap();
    assert!(after.tick() > remote);
}

fn resume_only_raises(bench: &Bench) {
    let clock = bench.clock();
    let last = clock.tick();
    for high_water in [Hlc::ZERO, own(NOW - 1, 9), last] {
        clock.resume(high_water).unwrap();
        assert_eq!(clock.last(), last);
    }
    clock.resume(own(NOW, 5)).unwrap();
    assert_eq!(clock.tick(), own(NOW, 6));
}

fn resume_is_not_subject_to_the_limits(bench: &Bench) {
    let clock = bench.clock();
    clock.resume(other(NOW + TEN_YEARS_MS, 0)).unwrap();
    assert_eq!(clock.tick(), own(NOW + TEN_YEARS_MS, 1));
}

fn resume_takes_half_the_reserve_and_refuses_the_rest_untouched(bench: &Bench) {
    let clock = bench.clock();
    let last = clock.tick();
    let refused = [
        (RESUME_END_MS - 1, 0x1_0000),
        (RESUME_END_MS, 0),
        (u64::MAX, u64::MAX),
    ];
    for (timestamp, counter) in refused {
        let high_water = other(timestamp, counter);
        assert_eq!(clock.resume(high_water), Err(ResumeError { high_water }));
        assert_eq!(clock.last(), last);
    }
    clock.resume(own(RESUME_END_MS - 1, 0xffff)).unwrap();
    assert_eq!(clock.tick(), own(RESUME_END_MS, 0));
}
