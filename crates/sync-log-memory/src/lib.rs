#![doc = include_str!("../README.md")]

mod records;
mod store;

pub use records::{MemoryRecords, Rows, Tables};
pub use store::MemoryStore;
pub use sync_log_core as core;
