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
    /// The path that was given, for errors.
    given: PathBuf,
    /// The file to which it leads.
    file: PathBuf,
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
        let sight = Self {
            file: resolve(&path)?,
            given: path.clone(),
            // Until it is known: what was there before is left alone.
            had_wal: true,
            busy,
            copy: None,
        };
        let connected = sight.connected();
        connected.map_err(|error| error.of_another(&path))
    }

    fn connected(mut self) -> Result<(Self, Connection), OpenError> {
        probe::refuse_missing(&self.file)?;
        self.had_wal = wal_of(&self.file).exists();
        let refusal = match probe::connect(&self.file, self.busy) {
            Ok(db) => return Ok((self, db)),
            Err(refusal) => refusal,
        };
        self.copy = Some(probe::copy_unreadable(&self.file, refusal)?);
        let db = probe::connect_copy(&self.readable(), self.busy)?;
        Ok((self, db))
    }

    /// The path that was given, or that of the file in the folder that was given.
    pub(crate) fn path(&self) -> &Path {
        &self.given
    }

    /// The file to which the path leads.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether a copy is read.
    pub(crate) fn is_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// Whether a copy is read, and the file has changed since it was made.
    pub(crate) fn is_outdated(&self) -> bool {
        let copy = self.copy.as_ref();
        copy.is_some_and(|copy| !copy.is_current(&self.file))
    }

    /// What to connect to.
    pub(crate) fn readable(&self) -> PathBuf {
        let copy = self.copy.as_ref().map(PrivateCopy::path);
        copy.unwrap_or_else(|| self.file.clone())
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        if self.copy.is_none() {
            probe::tidy_after(&self.file, self.had_wal, self.busy);
        }
    }
}
