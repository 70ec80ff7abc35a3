//! A file that is only read, in any folder, even while other programs have it open.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::OpenError;
use super::options::FILE_NAME;
use super::private_copy::PrivateCopy;
use super::probe;
use super::resolve::resolve;
use crate::driver::Busy;
use crate::driver::files::wal_of;

/// Keeps the folder as it was: drop it after its connections, and it removes the files that
/// connections which may not write leave behind.
#[derive(Debug)]
pub(crate) struct Sight {
    path: PathBuf,
    had_wal: bool,
    busy: Busy,
    /// The copy to read if SQLite may not write beside the file.
    copy: Option<PrivateCopy>,
}

impl Sight {
    /// Finds the file by its path or by that of its folder, and connects to it, or to
    /// a copy of it.
    pub(crate) fn of(path: &Path, busy: Busy) -> Result<(Self, Connection), OpenError> {
        let path = if path.is_dir() {
            path.join(FILE_NAME)
        } else {
            path.to_owned()
        };
        let path = resolve(&path)?;
        probe::refuse_missing(&path)?;
        let mut sight = Self {
            had_wal: wal_of(&path).exists(),
            path,
            busy,
            copy: None,
        };
        let refusal = match probe::connect(&sight.path, busy) {
            Ok(db) => return Ok((sight, db)),
            Err(refusal) => refusal,
        };
        sight.copy = Some(probe::copy_unreadable(&sight.path, refusal)?);
        let db = probe::connect_copy(&sight.readable(), busy)?;
        Ok((sight, db))
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What to connect to.
    pub(crate) fn readable(&self) -> PathBuf {
        let copy = self.copy.as_ref().map(PrivateCopy::path);
        copy.unwrap_or_else(|| self.path.clone())
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        if self.copy.is_none() {
            probe::tidy_after(&self.path, self.had_wal, self.busy);
        }
    }
}
