//! What a backend provides, and the values that core and a backend exchange.

mod contents;
mod dry_run;
mod job;
mod port;
mod read;
mod shared;
mod sum_up;

pub use contents::Contents;
pub use dry_run::DryRun;
pub use job::{EntrySummary, Needs, PeersNeeded, StoredEntry, View, WriteJob, Writes};
pub use port::LogStore;
pub(crate) use read::just_below;
pub use read::{Extent, FoundEntry, Positions, ReadRequest, ReadView, Survey};
pub use sum_up::SumUp;
