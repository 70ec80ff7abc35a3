//! The clauses of the clock, each at the values where it matters. `H6` is in `text_and_order.rs`,
//! `H8` in `threads.rs` and `no_std.rs`.

use hlc::{
    CEILING_MS, Clock, Drift, DriftExceeded, DriftLimit, DriftLimits, Hlc, ManualClock,
    ObserveError, ResumeError, Uuid,
};

mod h1_strictly_increasing;
mod h2_receiving;
mod h3_bounded;
mod h4_overflow;
mod h5_restart;
mod h7_own_device;

const NOW: u64 = 1_700_000_000_000;
const TEN_YEARS_MS: u64 = 10 * 365 * 24 * 3_600_000;
const DAY_MS: u64 = 24 * 3_600_000;
const OWN: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// The end of what `resume` takes.
const RESUME_END_MS: u64 = (1 << 48) - (1 << 31);

fn clock() -> Clock<ManualClock> {
    clock_at(NOW.cast_signed())
}

fn clock_at(ms: i64) -> Clock<ManualClock> {
    Clock::new(OWN, ManualClock::new(ms))
}

fn unlimited() -> DriftLimits {
    DriftLimits {
        warn: DriftLimit::Unlimited,
        refuse: DriftLimit::Unlimited,
    }
}

fn own(timestamp: u64, counter: u64) -> Hlc {
    Hlc::new(timestamp, counter, OWN)
}

fn other(timestamp: u64, counter: u64) -> Hlc {
    Hlc::new(timestamp, counter, OTHER)
}
