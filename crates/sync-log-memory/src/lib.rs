#![doc = include_str!("../README.md")]

mod store;

pub use store::MemoryStore;
pub use sync_log_core as core;
