//! The contract, on the store in memory.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/harness.rs"]
mod harness;

use harness::MemoryHarness;

sync_log_conformance::conformance!(MemoryHarness);
