//! Benchmarks that compare a piece of work with its limit.
//!
//! Times mean nothing elsewhere, and little on the same machine an hour later. So
//! a row is a ratio: both pieces are sampled in turn in one process, and what is
//! judged is the median of the ratios of the pairs, by its 95 % bound on the side
//! that counts.
//!
//! A row is printed, and appended as a JSON object to the file that the
//! environment variable `BENCH_RESULTS` names, which is where `cargo xtask bench`
//! finds it.

// A bench that cannot go on has nothing to tell but where it stopped.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod bench;
mod row;
mod spread;

pub use bench::{Bench, Size};
pub use row::{Bound, Goal, Growth, Measured, Point, Ratio, Row, Target};
pub use spread::Spread;
