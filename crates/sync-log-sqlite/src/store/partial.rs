//! A copy of a log under a name of its own, until it is complete (`I7`).

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sync_log_core::{Uuid, parse_uuid};

use crate::driver::files::beside;

/// What follows the name of the backup, before a number of its own.
const INFIX: &str = "-partial-";

/// How often a backup begins again that another one took for a leftover.
const ATTEMPTS: u32 = 10;

/// A copy that is not complete; removed when this is dropped.
pub(super) struct Partial {
    path: PathBuf,
    /// Locked until the copy has its name, so that no other backup takes it for a leftover.
    file: File,
}

impl Partial {
    /// An empty file that only this user may read: entries are private.
    pub(super) fn beside(to: &Path) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let partial = Self::new(to)?;
            if partial.lock() {
                return Ok(partial);
            }
        }
        let text = "another backup removes what this one makes";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
    }

    /// Where to make the copy.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the copy its name, once it is on disk. If another program made a file of that name
    /// meanwhile, that file stays, and the error is `AlreadyExists`.
    pub(super) fn publish(self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        // Unlike a rename, a second name never replaces a file.
        match fs::hard_link(&self.path, to) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.take_name(to)?,
            linked => linked?,
        }
        drop(self);
        match to.parent() {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// For a file system without hard links: makes a file of that name, and replaces it. A process
    /// that is killed between the two leaves an empty file.
    fn take_name(&self, to: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).open(to)?;
        fs::rename(&self.path, to).inspect_err(|_| remove(to))
    }

    fn new(to: &Path) -> io::Result<Self> {
        let path = beside(to, &format!("{INFIX}{}", Uuid::new_v4()));
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.write(true).create_new(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Whether the file is this backup's. Another backup may have found it before it was locked, and
    /// have removed it. Elsewhere than on Unix a file that SQLite has open is not removed, and a lock
    /// would keep SQLite out.
    fn lock(&self) -> bool {
        if cfg!(not(unix)) {
            return true;
        }
        match self.file.try_lock() {
            Err(TryLockError::WouldBlock) => false,
            // Without locks, no backup can prove that a file is a leftover, so each of them stays.
            Err(TryLockError::Error(_)) => true,
            Ok(()) => self.path.exists(),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        remove_copy(&self.path);
    }
}

/// Removes what backups to the same path left that were killed. A copy that another process is making
/// is locked, and stays.
pub(super) fn remove_leftovers(to: &Path) {
    let (Some(folder), Some(name)) = (to.parent(), to.file_name().and_then(OsStr::to_str)) else {
        return;
    };
    let Ok(files) = fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten() {
        if is_partial(&file.file_name(), name) {
            remove_unlocked(&file.path());
        }
    }
}

fn is_partial(file: &OsStr, of: &str) -> bool {
    let rest = file.to_str().and_then(|file| file.strip_prefix(of));
    let number = rest.and_then(|rest| rest.strip_prefix(INFIX));
    number.and_then(parse_uuid).is_some()
}

/// The lock is held until the file is removed, so no backup begins with it meanwhile.
fn remove_unlocked(partial: &Path) {
    if let Ok(file) = File::open(partial)
        && file.try_lock().is_ok()
    {
        tracing::info!(path = %partial.display(), "removing what a killed backup left");
        remove_copy(partial);
    }
}

/// Removes the copy last: it is what a later backup finds.
fn remove_copy(path: &Path) {
    remove(&beside(path, "-journal"));
    remove(path);
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "failed to remove a part of a backup");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(to: &Path) -> Partial {
        let partial = Partial::beside(to).unwrap();
        fs::write(partial.path(), "copied").unwrap();
        partial
    }

    /// Whether the file system has hard links or not.
    #[test]
    fn a_file_that_appears_while_the_copy_is_made_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        let with_links = Partial::publish;
        let without_links = |partial: Partial, name: &Path| partial.take_name(name);
        for take_name in [with_links, without_links] {
            let partial = copied(&to);
            fs::write(&to, "appeared").unwrap();
            let error = take_name(partial, &to).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&to).unwrap(), "appeared");

            fs::remove_file(&to).unwrap();
            take_name(copied(&to), &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), "copied");
            fs::remove_file(&to).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
