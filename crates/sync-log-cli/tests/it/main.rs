//! The program as a user runs it, all tests in one binary.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

mod dry_runs;
mod inspecting;
#[cfg(unix)]
mod reading;
mod sessions;
