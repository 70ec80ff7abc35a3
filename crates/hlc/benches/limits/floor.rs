//! What a tick is made of: each row up to the last does all that the one before it does.
//!
//! `docs/adr/0013-where-a-tick-goes.md` reads these rows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use hlc::{SystemClock, WallClock};
use paired_bench::{Bench, Ratio, Target};

use crate::clock::{CALLS, SYSTEM_TIME};
use crate::sample::fastest;

pub(crate) fn what_a_tick_is_made_of(bench: &mut Bench) {
    let word = AtomicU64::new(0);
    let add_one = || word.fetch_add(1, Ordering::Relaxed);

    row(
        bench,
        "clock_floor_1_exchange",
        "one atomic addition",
        || {
            let now = SystemTime::now();
            add_one();
            now
        },
    );
    row(
        bench,
        "clock_floor_2_ms",
        "the same in milliseconds",
        || (SystemClock.now_ms(), add_one()).1,
    );
    row(
        bench,
        "clock_floor_3_monotonic",
        "the same, and never behind the reading",
        || {
            let position = SystemClock.now_ms().cast_unsigned() << 16;
            if word.load(Ordering::Relaxed) < position {
                word.fetch_max(position, Ordering::Relaxed);
            }
            add_one()
        },
    );
    row(
        bench,
        "clock_floor_now_ms",
        "milliseconds, as this crate gets them",
        || SystemClock.now_ms(),
    );
    row(
        bench,
        "clock_floor_duration_since",
        "milliseconds, as the standard library gives them",
        || {
            let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            after.as_secs() * 1000 + u64::from(after.subsec_millis())
        },
    );
}

fn row<T>(bench: &mut Bench, id: &'static str, ours: &'static str, work: impl Fn() -> T + Copy) {
    bench.ratio(
        Ratio {
            id,
            work: "a reading of the wall clock, and more",
            ours,
            limit: SYSTEM_TIME,
            target: Target::None,
        },
        || fastest::<CALLS, _>(move |_| work()),
        || fastest::<CALLS, _>(|_| SystemTime::now()),
    );
}
