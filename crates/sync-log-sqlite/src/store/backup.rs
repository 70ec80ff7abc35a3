//! A copy of a log while the log is in use (`I7`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sync_log_core::{ErrorKind, StoreError, StoreFault};

use super::anchor::Anchor;
use super::partial::{self, Partial};
use super::select;
use crate::driver::connect::{self, Location};
use crate::driver::files::{beside, is_short_enough};
use crate::driver::raw::pragma::{MARK_AS_COPY, SET_FULL, SET_FULLFSYNC};
use crate::driver::raw::transaction::VACUUM_INTO;
use crate::driver::{Busy, Port, in_place};

/// What SQLite would take for a part of a file with that name.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];

/// A file system takes names of 255 bytes, and SQLite calls a file beside the copy `…-journal`.
const NAME_BYTES_MAX: usize = 255 - "-journal".len();

/// Why no backup was made. Nothing is left at the path that was given.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is a file already, or a `-wal` of an earlier one. A backup replaces nothing.
    #[error("failed to back up to {}: it exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The path is too long. SQLite takes 504 bytes, and names of 247 bytes. While the copy is made, its
    /// name is 45 bytes longer.
    #[error("failed to back up to {}: the path is too long", path.display())]
    PathTooLong {
        /// The path of the backup.
        path: PathBuf,
    },
    /// SQLite copies only to a path that is UTF-8.
    #[error("failed to back up to {}: the path is not UTF-8", path.display())]
    PathNotUtf8 {
        /// The path of the backup.
        path: PathBuf,
    },
    /// The log cannot be read, or the copy cannot be written.
    #[error("failed to back up to {}", path.display())]
    Failed {
        /// The path of the backup.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
}

impl BackupError {
    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } | Self::PathTooLong { .. } | Self::PathNotUtf8 { .. } => {
                ErrorKind::FixCall
            }
            Self::Failed { source, .. } => source.kind(),
        }
    }

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "pass the path of a file that does not exist",
            Self::PathTooLong { .. } => {
                "pass a shorter path: one of at most 459 bytes from the root, with a name of at most 202 bytes"
            }
            Self::PathNotUtf8 { .. } => "pass a path that is UTF-8",
            Self::Failed { source, .. } => source.fault().help(),
        }
    }
}

/// Copies the log of `anchor` to the file `to`, as it is at one moment.
///
/// The copy is made under another name and gets its own once it is complete and on disk, so a
/// process that is killed leaves no half of a copy under that name. The next backup to the same path
/// removes what such a process left.
pub(super) fn back_up(
    location: &Location,
    anchor: &Anchor,
    busy: Busy,
    to: &Path,
) -> Result<(), BackupError> {
    let failed = |source| BackupError::Failed {
        path: to.to_owned(),
        source,
    };
    partial::remove_leftovers(to);
    refuse_existing(to)?;
    let partial = Partial::beside(to).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidFilename => too_long(to),
        _ => failed(error.into()),
    })?;
    let name = as_sqlite_takes_it(partial.path(), to)?;
    copy(location, anchor, busy, name).map_err(failed)?;
    refuse_existing(to)?;
    partial.publish(to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists {
            path: to.to_owned(),
        },
        _ => failed(error.into()),
    })
}

fn refuse_existing(to: &Path) -> Result<(), BackupError> {
    let files = std::iter::once(to.to_owned()).chain(BESIDE.map(|suffix| beside(to, suffix)));
    let mut existing = files.filter(|path| fs::symlink_metadata(path).is_ok());
    match existing.next() {
        Some(path) => Err(BackupError::Exists { path }),
        None => Ok(()),
    }
}

/// The path of the copy while it is made, as an argument of a statement.
fn as_sqlite_takes_it<'a>(made: &'a Path, to: &Path) -> Result<&'a str, BackupError> {
    let is_short_name = made
        .file_name()
        .is_none_or(|name| name.len() <= NAME_BYTES_MAX);
    if !is_short_enough(made) || cfg!(unix) && !is_short_name {
        return Err(too_long(to));
    }
    made.to_str().ok_or_else(|| BackupError::PathNotUtf8 {
        path: to.to_owned(),
    })
}

fn too_long(to: &Path) -> BackupError {
    BackupError::PathTooLong {
        path: to.to_owned(),
    }
}

fn copy(location: &Location, anchor: &Anchor, busy: Busy, to: &str) -> Result<(), StoreError> {
    anchor.refuse_moved()?;
    let log = connect::bystander(location, busy)?;
    in_place(log.run(&VACUUM_INTO, &[to.into()]))?;
    anchor.refuse_moved()?;
    let copied = connect::bystander(&Location::File(to.into()), busy)?;
    in_place(async {
        copied.run(&SET_FULL, &[]).await?;
        copied.run(&SET_FULLFSYNC, &[]).await?;
        match select::identity(&copied).await? {
            Some(identity) => anchor.refuse_other(identity)?,
            None => return Err(StoreError::new(StoreFault::Moved, "read whose log it is")),
        }
        copied.run(&MARK_AS_COPY, &[]).await.map(drop)
    })
}
