//! A copy of a log's files for this process alone, where SQLite may write beside
//! them.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;
use sync_log_core::{StoreError, Uuid};

use super::options::FILE_NAME;
use crate::driver::files::{beside, is_short_enough};
use crate::driver::raw::transaction::VACUUM_INTO;
use crate::driver::{Port, in_place};

/// The suffixes of files that SQLite keeps beside a database, and needs in order to read what was
/// committed.
const BESIDE: [&str; 2] = ["-wal", "-journal"];

/// How often to try again when the files change while they are copied.
const ATTEMPTS: u32 = 10;

/// The copy; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct PrivateCopy {
    folder: PathBuf,
    /// The files as they were when they were copied.
    versions: Versions,
}

/// Length and time of change of the database and of what is beside it.
type Versions = Vec<Option<(u64, SystemTime)>>;

impl PrivateCopy {
    /// Copies a database with what is committed beside it. A program that has the database open
    /// may write to it meanwhile, so the copy is made again until nothing has changed.
    pub(crate) fn of(path: &Path) -> Result<Self, StoreError> {
        let mut copy = Self::empty()?;
        for _ in 0..ATTEMPTS {
            copy.versions = versions(path)?;
            copy.take(path)?;
            if copy.is_current(path) {
                return Ok(copy);
            }
        }
        let text = "the file changes while it is copied";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, text).into())
    }

    /// Whether the files are as they were when they were copied.
    pub(crate) fn is_current(&self, path: &Path) -> bool {
        versions(path).is_ok_and(|now| now == self.versions)
    }

    /// Lets SQLite copy the database: to open and close the file in another way would drop the
    /// locks that this process holds on it.
    pub(crate) fn through(db: &Connection) -> Result<Self, StoreError> {
        let copy = Self::empty()?;
        let path = copy.path();
        let text = path.to_str().ok_or_else(unusable);
        let text = text.map_err(|error| in_folder(&copy.folder, error))?;
        let copied = in_place(db.run(&VACUUM_INTO, &[text.into()]));
        copied.map_err(|error| copy.failed(error))?;
        Ok(copy)
    }

    /// The copied database.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// An error of the copy, which names the folder of the copy: that is not where the file is.
    pub(crate) fn failed(&self, error: StoreError) -> StoreError {
        error.while_doing(copying_to(&self.folder))
    }

    /// A new folder that only this user may look into: entries are private.
    fn empty() -> Result<Self, StoreError> {
        let parent = std::env::temp_dir();
        let made = make_folder(&parent);
        let folder = made.map_err(|error| in_folder(&parent, error))?;
        let versions = Vec::new();
        Ok(Self { folder, versions })
    }

    fn take(&self, path: &Path) -> Result<(), StoreError> {
        self.copy(fs::File::open(path)?, &self.path())?;
        for suffix in BESIDE {
            let to = beside(&self.path(), suffix);
            match fs::File::open(beside(path, suffix)) {
                Ok(from) => self.copy(from, &to)?,
                // An earlier attempt may have copied it before it was removed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => forget(&to)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Copies the bytes without the access rights: the copy of a read-only file has to be writable.
    fn copy(&self, mut from: fs::File, to: &Path) -> Result<(), StoreError> {
        let copied = fs::File::create(to).and_then(|mut to| io::copy(&mut from, &mut to));
        copied
            .map(drop)
            .map_err(|error| in_folder(&self.folder, error))
    }
}

/// Removes a file that may be missing.
fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make_folder(parent: &Path) -> io::Result<PathBuf> {
    let folder = parent.join(format!("sync-log-{}", Uuid::new_v4()));
    // SQLite opens the copy by this name, also after a change of the working directory.
    let folder = std::path::absolute(folder)?;
    if !is_short_enough(&folder.join(FILE_NAME)) {
        return Err(unusable());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}

fn unusable() -> io::Error {
    let text =
        "SQLite cannot take the path: set TMPDIR to a folder with a short path that is UTF-8";
    io::Error::new(io::ErrorKind::InvalidFilename, text)
}

fn in_folder(folder: &Path, error: io::Error) -> StoreError {
    StoreError::from(error).while_doing(copying_to(folder))
}

fn copying_to(folder: &Path) -> String {
    let folder = folder.display();
    format!("copy the file to {folder}, a folder for temporary files (TMPDIR)")
}

fn versions(path: &Path) -> io::Result<Versions> {
    let files = std::iter::once(path.to_owned()).chain(BESIDE.map(|suffix| beside(path, suffix)));
    let version = |file: PathBuf| match fs::metadata(file) {
        Ok(metadata) => Ok(Some((metadata.len(), metadata.modified()?))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    files.map(version).collect()
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "failed to remove a private copy of a log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_what_is_beside_the_file_and_is_gone_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.db");
        fs::write(&path, "database").unwrap();
        fs::write(folder.path().join("any.db-wal"), "log").unwrap();
        fs::write(folder.path().join("any.db-shm"), "index").unwrap();
        let copy = PrivateCopy::of(&path).unwrap();
        let kept = copy.path();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "database");
        assert_eq!(fs::read_to_string(beside(&kept, "-wal")).unwrap(), "log");
        let files = fs::read_dir(kept.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 2);
        drop(copy);
        assert!(!kept.parent().unwrap().exists());
    }

    #[test]
    fn what_is_not_there_cannot_be_copied_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = PrivateCopy::of(&folder.path().join("none")).unwrap_err();
        let cause = error.source_as::<io::Error>().map(io::Error::kind);
        assert_eq!(cause, Some(io::ErrorKind::NotFound));
    }

    /// The `-wal` of an earlier attempt would be taken for that of a later one.
    #[test]
    fn a_file_that_is_removed_between_two_attempts_is_not_in_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        let wal = beside(&path, "-wal");
        fs::write(&path, "database").unwrap();
        fs::write(&wal, "changes").unwrap();
        let copy = PrivateCopy::empty().unwrap();
        copy.take(&path).unwrap();
        assert!(beside(&copy.path(), "-wal").exists());
        fs::remove_file(wal).unwrap();
        copy.take(&path).unwrap();
        assert!(!beside(&copy.path(), "-wal").exists());
    }
}
