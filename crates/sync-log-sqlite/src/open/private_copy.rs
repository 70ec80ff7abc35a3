//! A copy of a log's files for this process alone, where SQLite may write beside
//! them.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;
use sync_log_core::{StoreError, Uuid};

use super::options::FILE_NAME;
use crate::driver::files::beside;
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
}

impl PrivateCopy {
    /// Copies a database with what is committed beside it. A program that has the database open
    /// may write to it meanwhile, so the copy is made again until nothing has changed.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let copy = Self::empty()?;
        for _ in 0..ATTEMPTS {
            let before = versions(path)?;
            copy.take(path)?;
            if versions(path)? == before {
                return Ok(copy);
            }
        }
        let text = "the file changes while it is copied";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
    }

    /// Lets SQLite copy the database: to open and close the file in another way would drop the
    /// locks that this process holds on it.
    pub(crate) fn through(db: &Connection) -> Result<Self, StoreError> {
        let copy = Self::empty()?;
        let path = copy.path();
        let path = path.to_str().ok_or(io::ErrorKind::InvalidFilename);
        let path = path.map_err(io::Error::from)?;
        in_place(db.run(&VACUUM_INTO, &[path.into()]))?;
        Ok(copy)
    }

    /// The copied database.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// A new folder that only this user may look into: entries are private.
    fn empty() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("sync-log-{}", Uuid::new_v4()));
        // SQLite opens the copy by this name, also after a change of the working directory.
        let folder = std::path::absolute(folder)?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    fn take(&self, path: &Path) -> io::Result<()> {
        copy(path, &self.path())?;
        for suffix in BESIDE {
            let from = beside(path, suffix);
            let to = beside(&self.path(), suffix);
            match copy(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }
}

/// Copies the bytes without the access rights: the copy of a read-only file has to be writable.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = fs::File::open(from)?;
    io::copy(&mut from, &mut fs::File::create(to)?).map(drop)
}

/// Length and time of change of the database and of what is beside it.
fn versions(path: &Path) -> io::Result<Vec<Option<(u64, SystemTime)>>> {
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
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
