//! The cases of the receiver's contract, in groups by port. [`RECEIVER_CASES`](crate::RECEIVER_CASES) lists
//! them.

pub mod own_store;
pub mod receiver_store;
pub mod record_store;
pub mod rows;
pub mod snapshot_store;
pub mod transactions;
