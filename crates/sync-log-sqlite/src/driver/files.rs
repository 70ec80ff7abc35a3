//! The files of a database, as the system knows them, whatever their names are by now.

use std::io;
use std::path::{Path, PathBuf};

use sync_log_core::{StoreError, StoreFault};

use super::connect::Location;

/// SQLite takes names of 512 bytes, and calls the longest file beside a database `…-journal`.
pub(crate) const PATH_BYTES_MAX: usize = 512 - "-journal".len();

/// Whether SQLite takes a path of this length, from the root.
pub(crate) fn is_short_enough(path: &Path) -> bool {
    cfg!(not(unix)) || path.as_os_str().len() <= PATH_BYTES_MAX
}

/// The files that a connection has open (`I6`). SQLite finds a file by its name when it connects,
/// and never looks at the name again, so this asks the system whether the name still leads there.
#[derive(Debug, Clone)]
pub(crate) struct Files(Vec<OpenFile>);

#[derive(Debug, Clone)]
struct OpenFile {
    path: PathBuf,
    id: FileId,
}

impl Files {
    /// None, of which none can be moved.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// The database, right after a connection was made to it.
    pub(crate) fn of(location: &Location) -> Result<Self, StoreError> {
        let mut files = Self::none();
        if let Location::File(path) = location {
            files.add(path.clone())?;
        }
        Ok(files)
    }

    /// Adds the `-wal` and its index, the `-shm`, while the connection has them open. Nothing replaces
    /// these files for as long as the connection that writes is there; without one, SQLite removes
    /// them and makes others.
    pub(crate) fn with_wal(mut self) -> Result<Self, StoreError> {
        let database = self.0.first().map(|database| database.path.clone());
        let companions = ["-wal", "-shm"].map(|suffix| Some(beside(database.as_ref()?, suffix)));
        for path in companions.into_iter().flatten() {
            if path.exists() {
                self.add(path)?;
            }
        }
        Ok(self)
    }

    /// The path of the `-wal`; `None` in memory.
    pub(crate) fn wal(&self) -> Option<PathBuf> {
        self.0.first().map(|database| wal_of(&database.path))
    }

    /// Refuses if a name leads to another file than before, or to none.
    pub(crate) fn refuse_moved(&self) -> Result<(), StoreError> {
        self.0.iter().try_for_each(OpenFile::refuse_moved)
    }

    fn add(&mut self, path: PathBuf) -> Result<(), StoreError> {
        let id = FileId::of(&path).map_err(|error| lost(&path, error))?;
        self.0.push(OpenFile { path, id });
        Ok(())
    }
}

impl OpenFile {
    fn refuse_moved(&self) -> Result<(), StoreError> {
        let id = FileId::of(&self.path).map_err(|error| lost(&self.path, error))?;
        if id == self.id {
            return Ok(());
        }
        Err(StoreError::new(StoreFault::Moved, finding(&self.path)))
    }
}

/// The file that SQLite keeps beside a database, with the commits that are not in it yet.
pub(crate) fn wal_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// A file that SQLite keeps beside a database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The error of a name that leads nowhere, or that the system does not look up.
fn lost(path: &Path, error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            StoreError::new(StoreFault::Moved, finding(path)).with_source(error)
        }
        _ => StoreError::from(error).while_doing(finding(path)),
    }
}

fn finding(path: &Path) -> String {
    format!("find {} as it was opened", path.display())
}

/// What the system calls a file, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl FileId {
    /// Asks for the number alone. Once the times of a file were asked for, its next write stores new
    /// ones, and the next sync of the file takes longer.
    #[cfg(target_os = "linux")]
    fn of(path: &Path) -> io::Result<Self> {
        use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
        use rustix::io::Errno;
        match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
            Ok(found) => Ok(Self {
                device: makedev(found.stx_dev_major, found.stx_dev_minor),
                inode: found.stx_ino,
            }),
            // An old system, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => Self::of_metadata(path),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    fn of(path: &Path) -> io::Result<Self> {
        Self::of_metadata(path)
    }

    #[cfg(unix)]
    fn of_metadata(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Elsewhere a file that is open keeps its name, so there is nothing to compare.
    #[cfg(not(unix))]
    fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|_| Self {})
    }
}
