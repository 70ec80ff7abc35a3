//! Why an import ended before its end.

use std::path::PathBuf;

use sync_log_core::ObserveError;
use sync_log_core::{ErrorKind, Hlc, LogError, StoreError};

use crate::open::OpenError;

/// Why an import ended before its end. What was taken before stays, and the next run
/// goes on after it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The old file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file is a database, but not a log of the old design.
    #[error(
        "failed to find a log of the old design in {}: table sync_log has no {}",
        path.display(),
        missing.join(", ")
    )]
    NotALegacyLog {
        /// The file.
        path: PathBuf,
        /// Columns that are not there.
        missing: Vec<&'static str>,
    },
    /// The old file cannot be read to its end.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: StoreError,
    },
    /// The log holds something else than a part of this import, was pruned, or was made beside
    /// records. Import into a new one.
    #[error("failed to import into a log with head {head}: it holds more than this import")]
    LogNotEmpty {
        /// Highest HLC ever committed there.
        head: Hlc,
    },
    /// Another program wrote what the log holds, and it was adopted. Import into a new
    /// one.
    #[error("failed to import into {}: another program wrote to it", path.display())]
    OfAnotherProgram {
        /// The file.
        path: PathBuf,
    },
    /// A change is further ahead of the wall clock than the drift limit. If it is the
    /// own clock that is wrong, set it right; otherwise
    /// [`skip_ahead`](super::ImportOptions::skip_ahead) leaves such changes out.
    #[error("failed to take the row with sequence {sequence}")]
    TooFarAhead {
        /// Its sequence number.
        sequence: i64,
        /// By how much.
        #[source]
        source: ObserveError,
    },
    /// The log refused, or failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl ImportError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open(error) => error.kind(),
            Self::NotALegacyLog { .. }
            | Self::LogNotEmpty { .. }
            | Self::OfAnotherProgram { .. } => ErrorKind::FixCall,
            Self::TooFarAhead { .. } => ErrorKind::FixClock,
            Self::Read { source, .. } => source.kind(),
            Self::Log(error) => error.kind(),
        }
    }

    /// What to do next, in one sentence for a person. [`kind`](Self::kind) says it for a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Open(error) => error.help(),
            Self::NotALegacyLog { .. } => "pass the path of a legacy sync_log.db",
            Self::LogNotEmpty { .. } | Self::OfAnotherProgram { .. } => {
                "import into the folder of a new log"
            }
            Self::TooFarAhead { .. } => {
                "set this device's clock right, or skip the changes that are too far ahead"
            }
            Self::Read { source, .. } => source.fault().help(),
            Self::Log(error) => error.help(),
        }
    }
}
