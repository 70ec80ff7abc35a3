//! Why an import stopped early.

use std::path::PathBuf;

use sync_log_core::ObserveError;
use sync_log_core::{ErrorKind, Hlc, LogError, StoreError};

use crate::open::OpenError;

/// Why an import stopped early. Changes that were imported before stay, and the next run picks up
/// after them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The legacy file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file is a database, but not a legacy `sync_log.db`.
    #[error(
        "failed to find a legacy log in {}: table sync_log has no {}",
        path.display(),
        missing.join(", ")
    )]
    NotALegacyLog {
        /// The file.
        path: PathBuf,
        /// The columns that are missing.
        missing: Vec<&'static str>,
    },
    /// The legacy file cannot be read to its end.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: StoreError,
    },
    /// The log holds entries that are not of this import, was pruned, or was made beside records.
    /// So does a log that an app used after an import into it had stopped early: the log has no mark
    /// that says so. Import into a new log.
    #[error("failed to import into a log with head {head}: it holds more than this import")]
    LogNotEmpty {
        /// Highest HLC ever committed there.
        head: Hlc,
    },
    /// Another program wrote to the log, and the log was adopted. Import into a new log.
    #[error("failed to import into {}: another program wrote to it", path.display())]
    OfAnotherProgram {
        /// The file.
        path: PathBuf,
    },
    /// A change is further ahead of the wall clock than the drift limit. If this device's clock is
    /// wrong, set it right; otherwise [`skip_ahead`](super::ImportOptions::skip_ahead) leaves such
    /// changes out.
    #[error("failed to take the row with sequence {sequence}")]
    TooFarAhead {
        /// The sequence number of the change.
        sequence: i64,
        /// How far the change is ahead.
        #[source]
        source: ObserveError,
    },
    /// The log that the import writes to refused the call, or failed.
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

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Open(error) => error.help(),
            Self::NotALegacyLog { .. } => "pass the path of a legacy sync_log.db",
            Self::LogNotEmpty { .. } => {
                "import into the folder of a new log: this one was made for something else, or an \
                 app has used it although an import into it had not ended"
            }
            Self::OfAnotherProgram { .. } => "import into the folder of a new log",
            Self::TooFarAhead { .. } => {
                "set this device's clock right, or skip the changes that are too far ahead"
            }
            Self::Read { source, .. } => source.fault().help(),
            Self::Log(error) => error.help(),
        }
    }
}
