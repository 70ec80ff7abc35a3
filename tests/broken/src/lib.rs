//! Stores that break one clause of the contract each, to put a test suite to
//! the test: a suite is trusted once it has caught them. None of this is in a
//! crate that ships.
//!
//! A broken store is a correct one behind something that lies. Every decision
//! of core passes through a [`LogStore`](sync_log_core::LogStore): what core is
//! shown, what it decides, and when that is written. [`Planted`] stands in
//! between and does one of these wrong, as [`Fault`] says.
//!
//! ```
//! use std::sync::Arc;
//! use broken_stores::{Fault, Planted};
//! use sync_log_memory::MemoryStore;
//! # use sync_log_memory::core::{Birth, LogIdentity, Uuid};
//! # let [library_id, device_id, log_id] = [1, 2, 3].map(Uuid::from_u128);
//! # let identity = LogIdentity {
//! #     library_id: library_id.into(),
//! #     device_id: device_id.into(),
//! #     log_id,
//! # };
//!
//! let file = MemoryStore::new(identity, 1_700_000_000_000, Birth::Alone);
//! let planted = Planted::new(Fault::FloorNotStored);
//! let store = planted.open(Arc::new(file.reopen()));
//! // After a restart, or in another process:
//! let again = planted.open(Arc::new(file.reopen()));
//! # let _ = (store, again);
//! ```
//!
//! # Map
//! `fault` is the list of faults, with the clause that each breaks; `handle` is
//! where a lie can be told, and `store` tells it; `decision` is one decision of
//! core, open to lies; `memory` is what a storage remembers of them. The lies
//! themselves are in `lies`, a file for each part of the contract. `record_fault` is the list of
//! faults of a store of records; the store that has them is with its test.

// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used)]

mod decision;
mod fault;
mod handle;
mod lies;
mod memory;
mod planted;
mod record_fault;
mod store;

pub use fault::{Fault, UnknownFault};
pub use planted::Planted;
pub use record_fault::RecordFault;
