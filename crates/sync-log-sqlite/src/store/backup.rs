//! A copy of a log while the log is in use (`I7`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sync_log_core::{ErrorKind, StoreError, StoreFault};

use super::anchor::Anchor;
use super::partial::{self, Partial};
use super::select;
use crate::driver::connect::{self, Location};
use crate::driver::files::beside;
use crate::driver::raw::pragma::{MARK_AS_COPY, SET_FULL, SET_FULLFSYNC};
use crate::driver::raw::transaction::VACUUM_INTO;
use crate::driver::{Busy, Port, in_place};

/// What SQLite would take for a part of a file with that name.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];

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
            Self::Exists { .. } => ErrorKind::FixCall,
            Self::Failed { source, .. } => source.kind(),
        }
    }

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "pass the path of a file that does not exist",
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
    let partial = Partial::beside(to).map_err(|error| failed(error.into()))?;
    copy(location, anchor, busy, partial.path()).map_err(failed)?;
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

fn copy(location: &Location, anchor: &Anchor, busy: Busy, to: &Path) -> Result<(), StoreError> {
    let name = to.to_str().ok_or(io::ErrorKind::InvalidFilename);
    let name = name.map_err(io::Error::from)?;
    anchor.refuse_moved()?;
    let log = connect::bystander(location, busy)?;
    in_place(log.run(&VACUUM_INTO, &[name.into()]))?;
    anchor.refuse_moved()?;
    let copied = connect::bystander(&Location::File(to.to_owned()), busy)?;
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
