//! The log in a database: rows, statements about them, and the threads that run those.

mod anchor;
mod apply;
pub(crate) mod attached;
mod backup;
pub(crate) mod chain;
mod checkpoint;
mod free_pages;
pub(crate) mod group;
mod jobs;
mod log_state;
mod partial;
pub(crate) mod peers;
mod read_only;
mod reader;
pub(crate) mod rows;
pub(crate) mod select;
mod sqlite;
pub(crate) mod state;
pub(crate) mod thread;
mod ticks;
mod verdicts;
mod view;
mod writer;

pub(crate) use anchor::Anchor;
pub(crate) use apply::INSERT_ENTRY;
pub use attached::AttachedStore;
pub use backup::BackupError;
pub use log_state::log_state;
pub(crate) use read_only::ReadOnlyStore;
pub use sqlite::SqliteStore;
pub use ticks::DEFAULT_POLL_INTERVAL;
