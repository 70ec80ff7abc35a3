//! The tests of the store as its users meet it, all in one binary.

#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at files past the product"
)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
mod harness;

mod adopting;
mod adopting_odd_clocks;
mod backup;
mod before_the_chain;
mod chain;
mod closing;
mod conformance;
mod conformance_in_memory;
mod damage;
#[cfg(unix)]
mod descriptors;
mod foreign_writes;
#[cfg(target_os = "linux")]
mod full_disk;
mod importing;
mod importing_odd_rows;
mod inspect;
#[cfg(target_os = "linux")]
mod io_faults;
mod locked;
#[cfg(unix)]
mod moved;
mod odd_tables;
mod opening;
mod opening_locked;
mod opening_odd_files;
mod openings_shown;
mod order;
mod pages;
mod panics;
mod peer_claims;
mod peer_rows;
mod query_plans;
mod read_only;
mod reading;
mod refusals;
mod restored;
mod schema;
mod spans;
mod two_processes;
mod unclean;
mod undone;
#[cfg(target_os = "linux")]
mod watching;
mod writer;
