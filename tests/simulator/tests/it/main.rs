//! The simulator is put to the test: its runs, what once failed, and what it must not call.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod apps;
mod apps_regressions;
mod closed;
mod coverage;
mod regressions;
mod runs;
