//! The contract, on the store in memory.

#[path = "support/harness.rs"]
mod harness;

use harness::MemoryHarness;

sync_log_conformance::conformance!(MemoryHarness);
