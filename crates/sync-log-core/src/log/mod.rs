//! The log: core's decisions, run over one store.

mod acks;
mod adopted;
mod dry_run;
mod handles;
mod options;
mod peers;
mod prune;
mod serve;
mod sync_log;
mod take_over;
mod verdicts;
mod watch;
mod watch_status;
mod write;

pub use acks::OnAck;
pub use options::{LogOptions, SharedWallClock};

pub use sync_log::SyncLog;
pub use take_over::take_over;
pub use watch::Watch;
pub use watch_status::StatusWatch;
