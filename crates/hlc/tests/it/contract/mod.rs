//! The clauses of the clock, each at the values where it matters. The halves of `H8` that need a
//! build of their own are in `tests/no_std.rs` and in the package in `tests/loom`.
//!
//! A check is a function of a [`Bench`], which says what is under test: the clock and the text of
//! the crate, or ones with a planted fault. `broken` makes sure that the checks find such faults.

use hlc::{
    CEILING_MS, Drift, DriftExceeded, DriftLimit, DriftLimits, Hlc, ManualClock, ObserveError,
    ResumeError, Uuid, WallClock,
};

use bench::{Bench, Check, checks};

mod bench;
mod broken;
mod h1_strictly_increasing;
mod h2_receiving;
mod h3_bounded;
mod h4_overflow;
mod h5_restart;
mod h6_one_text;
mod h7_own_device;
mod h8_no_std;
mod h8_threads;
mod model;
mod slow_clock;
mod small_states;
mod together;

/// All checks, by file.
const CHECKS: [&[Check]; 11] = [
    h1_strictly_increasing::CHECKS,
    h2_receiving::CHECKS,
    h3_bounded::CHECKS,
    h4_overflow::CHECKS,
    h5_restart::CHECKS,
    h6_one_text::CHECKS,
    h7_own_device::CHECKS,
    h8_threads::CHECKS,
    h8_no_std::CHECKS,
    model::CHECKS,
    small_states::CHECKS,
];

const NOW: u64 = 1_700_000_000_000;
const TEN_YEARS_MS: u64 = 10 * 365 * 24 * 3_600_000;
const DAY_MS: u64 = 24 * 3_600_000;
const OWN: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// The end of what `resume` takes.
const RESUME_END_MS: u64 = (1 << 48) - (1 << 31);

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
