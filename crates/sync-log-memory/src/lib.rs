#![doc = include_str!("../README.md")]

mod records;
mod store;

pub use records::MemoryRecords;
pub use store::MemoryStore;
pub use sync_log_core as core;
