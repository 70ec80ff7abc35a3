#![doc = include_str!("../README.md")]
// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used)]

pub mod cases;
mod catalogue;
mod damage;
mod document;
mod harness;
mod interpose;
pub mod model;
mod receiver;
pub mod receiver_cases;
mod receiver_catalogue;
mod records_harness;
pub mod records_sample;
mod refusals;
mod rig;
mod row_faults;
mod runtime;
pub mod sample;
mod snapshot;
mod suite;

pub use catalogue::{CASES, Case, Runnable, cases_on, plain_cases_on};
pub use damage::{Damage, RowDamage, adopt};
pub use document::Document;
pub use harness::{Harness, Tampering};
pub use interpose::Interposed;
pub use receiver::{Kept, Receiver};
pub use receiver_catalogue::{RECEIVER_CASES, receiver_cases_on};
pub use records_harness::{End, RecordsHarness};
pub use rig::{Log, Rig};
pub use runtime::{Start, dropped_after, run, run_case};
pub use sample::{DEVICE, HOUR_MS, LIBRARY, START_MS};
pub use snapshot::Snapshot;
pub use sync_log_core as core;
