#![doc = include_str!("../README.md")]
// Everything here is test code: a panic is how a broken simulation fails.
#![allow(clippy::unwrap_used)]
// These are values of the tests; the names of their fields say what they are.
#![allow(missing_docs)]

pub mod apps;
pub mod chain;
pub mod change;
mod engine;
mod gate;
pub mod invariants;
mod planted;
pub mod run;
pub mod scenario;
pub mod seeds;
pub mod shrink;
pub mod step;
mod storage;
mod trace;
mod world;

pub use broken_stores::Fault;
pub use gate::{Incident, Struck};
pub use planted::PLANTED;
pub use storage::{Dump, Marks, PeerMark, Sign};
pub use trace::{Coverage, START_MS};
pub use world::Store;
