//! The clock next to the system's, and next to another clock of its kind.

use std::hint::black_box;
use std::time::SystemTime;

use hlc::{Clock, Hlc, SystemClock, Uuid};
use paired_bench::{Bench, Ratio, Target};

use crate::sample::{fastest, fastest_alone, on_two_threads};

/// A burst on one thread takes about a millisecond.
pub(crate) const CALLS: u32 = 1 << 15;

/// On two, it is the whole sample.
const CALLS_SHARED: u32 = 1 << 19;

pub(crate) const SYSTEM_TIME: &str = "SystemTime::now()";

/// Stamps of another clock from a moment ago, as they come in when devices talk to each other.
struct Remotes<T>([T; 1024]);

impl<T> Remotes<T> {
    fn drawn_by(draw: impl Fn() -> T) -> Self {
        Self(std::array::from_fn(|_| draw()))
    }

    fn nth(&self, call: u32) -> &T {
        black_box(&self.0[call as usize % self.0.len()])
    }
}

pub(crate) fn next_to_the_system_time(bench: &mut Bench) {
    let clock = Clock::new(Uuid::from_u128(1), SystemClock);
    let remotes = remotes();
    let row = |id, work, ours, target| Ratio {
        id,
        work,
        ours,
        limit: SYSTEM_TIME,
        target,
    };
    let tick = |_| clock.tick();
    let now = |_| SystemTime::now();
    let observe = |call| clock.observe(*remotes.nth(call));
    let take_and_now = |call| {
        remotes.nth(call);
        SystemTime::now()
    };

    bench.ratio(
        row("clock_tick", "clock tick", "tick", Target::AtMost(1.3)),
        || fastest::<CALLS, _>(tick),
        || fastest::<CALLS, _>(now),
    );
    bench.ratio(
        row(
            "clock_observe",
            "clock observe, with the drift check",
            "observe",
            Target::AtMost(1.4),
        ),
        || fastest::<CALLS, _>(observe),
        || fastest::<CALLS, _>(take_and_now),
    );
    bench.ratio(
        row(
            "clock_tick_2_threads",
            "clock tick, 2 threads on one clock",
            "tick",
            Target::None,
        ),
        || on_two_threads::<CALLS_SHARED, _>(tick),
        || on_two_threads::<CALLS_SHARED, _>(now),
    );
    bench.ratio(
        row(
            "clock_observe_2_threads",
            "clock observe, 2 threads on one clock",
            "observe",
            Target::None,
        ),
        || on_two_threads::<CALLS_SHARED, _>(observe),
        || on_two_threads::<CALLS_SHARED, _>(take_and_now),
    );
    bench.ratio(
        row(
            "clock_tick_alone",
            "clock tick, the only one in its millisecond",
            "tick, with a reading of Instant",
            Target::None,
        ),
        || fastest_alone(|| clock.tick()),
        || fastest_alone(SystemTime::now),
    );
}

pub(crate) fn next_to_uhlc(bench: &mut Bench) {
    let clock = Clock::new(Uuid::from_u128(1), SystemClock);
    let remotes = remotes();
    let uhlc = uhlc::HLC::default();
    let uhlc_remotes = Remotes::drawn_by({
        let other = uhlc::HLC::default();
        move || other.new_timestamp()
    });
    let row = |id, work, ours, limit| Ratio {
        id,
        work,
        ours,
        limit,
        target: Target::Faster(1.0),
    };
    let tick = |_| clock.tick();
    let observe = |call| clock.observe(*remotes.nth(call));
    let uhlc_new = |_| uhlc.new_timestamp();
    let uhlc_update = |call| uhlc.update_with_timestamp(uhlc_remotes.nth(call)).unwrap();

    bench.ratio(
        row(
            "clock_tick_vs_uhlc",
            "clock tick next to uhlc",
            "tick",
            "uhlc new_timestamp",
        ),
        || fastest::<CALLS, _>(tick),
        || fastest::<CALLS, _>(uhlc_new),
    );
    bench.ratio(
        row(
            "clock_observe_vs_uhlc",
            "clock observe next to uhlc",
            "observe",
            "uhlc update_with_timestamp",
        ),
        || fastest::<CALLS, _>(observe),
        || fastest::<CALLS, _>(uhlc_update),
    );
    bench.ratio(
        row(
            "clock_tick_vs_uhlc_2_threads",
            "clock tick next to uhlc, 2 threads on one clock",
            "tick",
            "uhlc new_timestamp",
        ),
        || on_two_threads::<CALLS_SHARED, _>(tick),
        || on_two_threads::<CALLS_SHARED, _>(uhlc_new),
    );
    bench.ratio(
        row(
            "clock_observe_vs_uhlc_2_threads",
            "clock observe next to uhlc, 2 threads on one clock",
            "observe",
            "uhlc update_with_timestamp",
        ),
        || on_two_threads::<CALLS_SHARED, _>(observe),
        || on_two_threads::<CALLS_SHARED, _>(uhlc_update),
    );
}

fn remotes() -> Remotes<Hlc> {
    let other = Clock::new(Uuid::from_u128(2), SystemClock);
    Remotes::drawn_by(|| other.tick())
}
