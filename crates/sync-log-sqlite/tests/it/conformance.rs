//! The contract, on the store in a file.

use crate::harness::SqliteHarness;

sync_log_conformance::conformance!(SqliteHarness);
