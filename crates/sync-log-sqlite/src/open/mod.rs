//! How a file becomes a log, and what stands in the way.
//!
//! A file is first looked at without writing to it ([`probe`]). What it holds and whose log it is
//! is decided in [`found`]. [`opening`] makes the log, brings it up to date or has it adopted.

pub(crate) mod db;
pub(crate) mod error;
pub(crate) mod found;
mod opening;
mod options;
pub(crate) mod private_copy;
mod probe;
pub(crate) mod sight;

pub use db::SyncDb;
pub use error::OpenError;
pub use options::{FILE_NAME, SyncDbOptions};
