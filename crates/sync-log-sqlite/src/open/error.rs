//! Why a file could not be opened as a log.

use std::path::{Path, PathBuf};

use sync_log_core::{ErrorKind, LogError, StoreError};

use super::unattachable::Unattachable;

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
        /// The error of the system.
        #[source]
        source: std::io::Error,
    },
    /// There is no log, and the options say that none is made.
    #[error("failed to open {}: there is no log", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path of the file is longer than SQLite takes, with what it keeps beside the file.
    #[error(
        "failed to open {}: the path has {bytes} bytes, and SQLite takes {max}",
        path.display()
    )]
    PathTooLong {
        /// The path that was given.
        path: PathBuf,
        /// How long the path is, from the root and without links.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// The file has several names (`I6`). SQLite keeps what was committed last beside the name under
    /// which the file was opened, so under another name entries are missing.
    #[error("failed to open {}: the file has {names} names (hard links)", path.display())]
    SeveralNames {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// The file is not an SQLite database.
    #[error("failed to open {}: it is not an SQLite database", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// A newer program made the file (`I2`): use that program.
    #[error(
        "failed to open {}: it has migrations that this program does not know: {}",
        path.display(),
        unknown.join(", ")
    )]
    SchemaTooNew {
        /// The file.
        path: PathBuf,
        /// The migrations that this program does not know.
        unknown: Vec<String>,
    },
    /// The log in the file is not as this program writes it. A program that knows only the original
    /// tables made the file, or wrote to it, or a part of the file was lost. Open the file to write,
    /// which adopts it. The error is returned only if the file is opened to read.
    #[error(
        "failed to open {}: it is not as this program writes a log, and has to be adopted first",
        path.display()
    )]
    NeedsAdoption {
        /// The file.
        path: PathBuf,
    },
    /// Another program made the file, or changed its tables, and they cannot hold a log. Nothing
    /// was changed: correct the tables, or use a new folder.
    #[error("failed to adopt {}: {reason}", path.display())]
    NotAdoptable {
        /// The file.
        path: PathBuf,
        /// Why the file cannot be adopted.
        reason: String,
    },
    /// The file is a log that was never finished, or of an earlier version of this program: open it
    /// to write once, which updates it. The error is returned only if the file is opened to read.
    #[error(
        "failed to open {} to read: it has to be opened to write once, to be brought up to date",
        path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// The file is a copy that [`backup_to`](crate::SyncDb::backup_to) made (`I7`). It can be read. A
    /// device that continued with it would forget changes that its peers have. The error is returned
    /// only if the file is opened to write.
    #[error("failed to open {}: it is a copy, which can only be read", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
    },
    /// The file system cannot hold a write-ahead log (`A3`): it is a network's, or one without memory
    /// that processes share.
    #[error("failed to open {}: its file system keeps `journal_mode` {mode}, not wal", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that the file is in.
        mode: String,
    },
    /// The app's database cannot hold a log (`A3`). The error is returned only by
    /// [`attach`](crate::SyncDb::attach).
    #[error("failed to attach a log to the app's database")]
    Unattachable(#[source] Unattachable),
    /// The log in the file cannot be opened: it is another library's or device's, an argument is
    /// wrong, or the storage failed.
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
            Self::NotAFolder { .. }
            | Self::PathTooLong { .. }
            | Self::SeveralNames { .. }
            | Self::NotSqlite { .. }
            | Self::SchemaTooNew { .. }
            | Self::NoWriteAheadLog { .. }
            | Self::Unattachable(_) => ErrorKind::FixCall,
            Self::Unreachable { .. } => ErrorKind::Reopen,
            Self::Missing { .. }
            | Self::NeedsAdoption { .. }
            | Self::NotAdoptable { .. }
            | Self::Unfinished { .. } => ErrorKind::RepairData,
            Self::Copy { .. } => ErrorKind::NewIdentity,
            Self::Log { source, .. } => source.kind(),
        }
    }

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAFolder { .. } => "pass the path of a folder, or of one that can be created",
            Self::Unreachable { .. } => "check the path and the rights on it",
            Self::Missing { .. } => {
                "find the file, or make the log again beside its records, so that every peer takes a \
                 snapshot"
            }
            Self::PathTooLong { .. } => "move the library to a folder with a shorter path",
            Self::SeveralNames { .. } => "remove the other names, or copy the log to a new folder",
            Self::NotSqlite { .. } => {
                "if this is the log's path, restore a copy of the log, or move the file away and \
                 make a new log beside the records; else pass the path of the log"
            }
            Self::SchemaTooNew { .. } => {
                "use the version of the program that made the file, or a newer one"
            }
            Self::NeedsAdoption { .. } => {
                "verify the file, then open the log to write once, which adopts what is stored"
            }
            Self::NotAdoptable { .. } => {
                "repair the tables, or export the entries and start a new log"
            }
            Self::Unfinished { .. } => {
                "open the log for writing once, which brings the file up to date"
            }
            Self::Copy { .. } => {
                "open the copy only to read, and continue with a new log under a new device id"
            }
            Self::NoWriteAheadLog { .. } => "pass a folder on a local disk of this device",
            Self::Unattachable(source) => source.help(),
            Self::Log { source, .. } => source.help(),
        }
    }

    /// Returns the error of the log itself, if it is one.
    #[must_use]
    pub fn as_log_error(&self) -> Option<&LogError> {
        match self {
            Self::Log { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The same error for another path, of which the path in this error is a copy.
    pub(crate) fn of_another(mut self, other: &Path) -> Self {
        match &mut self {
            Self::NotAFolder { path }
            | Self::Unreachable { path, .. }
            | Self::Missing { path }
            | Self::PathTooLong { path, .. }
            | Self::SeveralNames { path, .. }
            | Self::NotSqlite { path }
            | Self::SchemaTooNew { path, .. }
            | Self::NeedsAdoption { path }
            | Self::NotAdoptable { path, .. }
            | Self::Unfinished { path }
            | Self::Copy { path }
            | Self::NoWriteAheadLog { path, .. }
            | Self::Log { path, .. } => other.clone_into(path),
            Self::Unattachable(_) => {}
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
