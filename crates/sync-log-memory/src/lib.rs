#![doc = include_str!("../README.md")]

mod data;
mod store;

pub use store::MemoryStore;
pub use sync_log_core as core;
