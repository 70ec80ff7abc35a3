//! The contract, on the store in memory.

use crate::harness::MemoryHarness;

sync_log_conformance::conformance!(MemoryHarness);
