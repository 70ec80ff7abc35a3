//! The tests of the clock and its stamps, as far as one build can hold them. `H8` needs two more:
//! `no_std.rs` is a crate without std, and the package in `tests/loom` is built on other atomics.

// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod contract;
#[cfg(feature = "serde")]
mod inside_other_types;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "serde")]
mod serde_inside_other_types;
