//! A copy of a log while the log is in use (`I7`).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use sync_log_core::{ErrorKind, StoreError, StoreFault, Uuid};

use super::anchor::Anchor;
use super::select;
use crate::driver::connect::{self, Location};
use crate::driver::files::beside;
use crate::driver::raw::pragma::{MARK_AS_COPY, SET_FULL};
use crate::driver::raw::transaction::VACUUM_INTO;
use crate::driver::{Busy, Port, in_place};

/// What SQLite would take for a part of a file with that name.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];

/// What a copy has behind its name until it is complete, before a number of its own.
const PARTIAL: &str = "-partial-";

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
/// process that is killed leaves no half of a copy under that name.
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
    refuse_existing(to)?;
    let partial = Partial::beside(to).map_err(|error| failed(error.into()))?;
    copy(location, anchor, busy, &partial.path).map_err(failed)?;
    refuse_existing(to)?;
    let published = partial.publish(to);
    published.map_err(|error| failed(error.into()))
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
        match select::identity(&copied).await? {
            Some(identity) => anchor.refuse_other(identity)?,
            None => return Err(StoreError::new(StoreFault::Moved, "read whose log it is")),
        }
        copied.run(&MARK_AS_COPY, &[]).await.map(drop)
    })
}

/// A copy that is not complete; removed unless it is published.
struct Partial {
    path: PathBuf,
    /// Locked for as long as the copy is there.
    _folder: Option<File>,
}

impl Partial {
    /// An empty file that only this user may read: entries are private.
    fn beside(to: &Path) -> io::Result<Self> {
        let folder = share_folder(to);
        let path = beside(to, &format!("{PARTIAL}{}", Uuid::new_v4()));
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.write(true).create_new(true).open(&path)?;
        Ok(Self {
            path,
            _folder: folder,
        })
    }

    /// Gives the copy its name, once it is on disk.
    fn publish(self, to: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, to)?;
        match to.parent() {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        remove_partial(&self.path);
        remove_partial(&beside(&self.path, "-journal"));
    }
}

fn remove_partial(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "failed to remove a partial copy");
        }
        _ => {}
    }
}

/// Locks the folder, so that no other backup removes the partial copies of this one. If none is at
/// work there, this one removes what killed processes left of backups to the same path. It is not
/// the partial copy that is locked: on some systems the lock would be in the way of SQLite's own.
fn share_folder(to: &Path) -> Option<File> {
    if cfg!(not(unix)) {
        return None;
    }
    let folder = File::open(to.parent()?).ok()?;
    if folder.try_lock().is_ok() {
        abandoned(to).iter().for_each(|path| remove_partial(path));
    }
    folder.lock_shared().ok()?;
    Some(folder)
}

/// Partial copies beside `to`, with their journals.
fn abandoned(to: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(prefix)) = (
        to.parent(),
        beside(to, PARTIAL).file_name().map(ToOwned::to_owned),
    ) else {
        return Vec::new();
    };
    let is_partial = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let rest = name.strip_prefix(prefix.as_encoded_bytes());
        let number = rest.map(|rest| rest.strip_suffix(b"-journal").unwrap_or(rest));
        number.is_some_and(|number| Uuid::try_parse_ascii(number).is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(is_partial)
        .collect()
}
