//! The receiver's contract, on the records in memory.

use crate::database::MemoryDatabase;

sync_log_conformance::receiver_conformance!(MemoryDatabase);
