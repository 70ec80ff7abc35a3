//! The log of the old design, and how one device's part of it is taken over.
//!
//! There, a leader kept one `sync_log.db` with the changes of all devices, in the
//! order of a sequence number, and never deleted any. [`LegacyLog`] reads such a file
//! and never writes to it; [`import`] takes the changes of one device into its
//! own log, which must hold nothing else.
//!
//! Reading the old file blocks the thread that calls. A run reads one state of it, and
//! holds that to its end: where the file is not in WAL mode, the leader waits for it.

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
