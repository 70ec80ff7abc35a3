//! Opens a file or the app's database as a log, or refuses it.
//!
//! [`resolve`] finds the file to which a path leads. [`probe`] first reads it without a write. [`found`] decides what the file holds, and whose
//! log it is. [`opening`] makes the log, updates it or has it adopted. [`attaching`] does so in the app's database. [`ways`] has the functions
//! that an app calls.

mod attaching;
mod db;
mod error;
mod found;
mod opening;
mod options;
mod private_copy;
mod probe;
mod resolve;
mod sight;
mod unattachable;
mod ways;

pub use db::SyncDb;
pub use error::OpenError;
pub(crate) use found::is_backup;
pub use options::{FILE_NAME, SyncDbOptions};
pub(crate) use private_copy::PrivateCopy;
pub(crate) use sight::Sight;
pub use unattachable::Unattachable;
