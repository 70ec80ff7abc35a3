//! The program as a user runs it, all tests in one binary.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

mod dry_runs;
#[cfg(unix)]
mod ending;
mod ids;
mod inspecting;
mod odd_files;
mod printing;
#[cfg(unix)]
mod reading;
mod sessions;
