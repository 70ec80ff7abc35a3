//! The contract, on the store in a file.

#[path = "support/harness.rs"]
mod harness;

use harness::SqliteHarness;

sync_log_conformance::conformance!(SqliteHarness);
