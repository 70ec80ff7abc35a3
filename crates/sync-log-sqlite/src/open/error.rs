//! Why a file could not be opened as a log.

use std::path::{Path, PathBuf};

use sync_log_core::{ErrorKind, LogError, StoreError};

/// Why a file could not be opened as a log. The file is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder's path, or a part of it, is a file.
    #[error("failed to use {} as a data folder: it is not one", path.display())]
    NotAFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// The data folder or the file could not be reached.
    #[error("failed to reach {}", path.display())]
    Unreachable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is something, but it is not an SQLite database.
    #[error("failed to open {}: it is not an SQLite database", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a newer program (`I2`): use that one.
    #[error(
        "failed to open {}: it has migrations that this program does not know: {}",
        path.display(),
        unknown.join(", ")
    )]
    SchemaTooNew {
        /// The file.
        path: PathBuf,
        /// The migrations that are not known here.
        unknown: Vec<String>,
    },
    /// A program that knows only the original tables made the file, or made its tables again.
    /// Open it to write, which adopts it. Returned only when it is opened to read.
    #[error(
        "failed to open {}: an earlier program made it, and it has to be adopted first",
        path.display()
    )]
    NeedsAdoption {
        /// The file.
        path: PathBuf,
    },
    /// Another program made the file, or changed its tables, in a way that it cannot be
    /// adopted. Nothing was changed: put the tables right, or take the entries out.
    #[error("failed to adopt {}: {reason}", path.display())]
    NotAdoptable {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        reason: String,
    },
    /// The file is a log that was never finished, or of an earlier version of this
    /// program: open it to write once, which brings it up to date. Returned only when it is
    /// opened to read.
    #[error(
        "failed to open {} to read: it has to be opened to write once, to be brought up to date",
        path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// The log in the file refused: it is another library's or device's, or an
    /// argument is wrong, or the storage failed.
    #[error("failed to open {}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<LogError>,
    },
}

impl OpenError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAFolder { .. } | Self::NotSqlite { .. } | Self::SchemaTooNew { .. } => {
                ErrorKind::FixCall
            }
            Self::Unreachable { .. } => ErrorKind::Reopen,
            Self::NeedsAdoption { .. } | Self::NotAdoptable { .. } | Self::Unfinished { .. } => {
                ErrorKind::RepairData
            }
            Self::Log { source, .. } => source.kind(),
        }
    }

    /// What to do next, in one sentence for a person. [`kind`](Self::kind) says it for a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAFolder { .. } => "pass the path of a folder, or of one that can be created",
            Self::Unreachable { .. } => "check the path and the rights on it",
            Self::NotSqlite { .. } => "pass the folder of another log, or move that file away",
            Self::SchemaTooNew { .. } => {
                "use the version of the program that made the file, or a newer one"
            }
            Self::NeedsAdoption { .. } => "open the log for writing once, which adopts the file",
            Self::NotAdoptable { .. } => {
                "repair the tables, or export the entries and start a new log"
            }
            Self::Unfinished { .. } => {
                "open the log for writing once, which brings the file up to date"
            }
            Self::Log { source, .. } => source.help(),
        }
    }

    /// The refusal of the log itself, if it is one.
    #[must_use]
    pub fn as_log_error(&self) -> Option<&LogError> {
        match self {
            Self::Log { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The same refusal of another path, of which this one is a copy.
    pub(crate) fn of_another(mut self, other: &Path) -> Self {
        match &mut self {
            Self::NotAFolder { path }
            | Self::Unreachable { path, .. }
            | Self::NotSqlite { path }
            | Self::SchemaTooNew { path, .. }
            | Self::NeedsAdoption { path }
            | Self::NotAdoptable { path, .. }
            | Self::Unfinished { path }
            | Self::Log { path, .. } => other.clone_into(path),
        }
        self
    }

    pub(crate) fn log(path: &Path, error: LogError) -> Self {
        Self::Log {
            path: path.to_owned(),
            source: Box::new(error),
        }
    }

    pub(crate) fn store(path: &Path, error: StoreError) -> Self {
        Self::log(path, error.into())
    }
}
