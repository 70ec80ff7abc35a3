//! How a file becomes a log, and what stands in the way.
//!
//! A file is first looked at without writing to it ([`probe`]). What it holds and whose log it is
//! is decided in [`found`]. [`opening`] makes the log, brings it up to date or has it adopted.
//! What an app calls is in [`ways`].

mod db;
mod error;
mod found;
mod opening;
mod options;
mod private_copy;
mod probe;
mod sight;
mod ways;

pub use db::SyncDb;
pub use error::OpenError;
pub use options::{FILE_NAME, SyncDbOptions};
pub(crate) use private_copy::PrivateCopy;
pub(crate) use sight::Sight;
