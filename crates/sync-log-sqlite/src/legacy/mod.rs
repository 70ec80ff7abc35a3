//! Imports one device's changes from a legacy, leader-based `sync_log.db`.
//!
//! In the legacy design a leader kept one `sync_log.db` with the changes of all devices, in the
//! order of a sequence number, and never deleted any. [`LegacyLog`] reads such a file and never
//! writes to it. [`import`] writes the changes of one device to that device's own log, which must
//! hold nothing else.
//!
//! Reads of the legacy file block the calling thread. A run reads one state of the file, and holds
//! it to its end: if the file is not in WAL mode, the leader waits for that.

mod ahead;
mod error;
mod log;
mod options;
mod report;
mod row;
mod run;
mod settled;
mod snapshot;
mod stamps;

pub use error::ImportError;
pub use log::{LEGACY_FILE_NAME, LegacyLog};
pub use options::ImportOptions;
pub use report::{ImportReport, NotTaken, OTHERS_MAX, SEQUENCES_MAX};
pub use run::{import, try_import};
