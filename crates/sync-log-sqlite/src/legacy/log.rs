//! A legacy, leader-based log, opened to read.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sync_log_core::StoreError;

use super::error::ImportError;
use crate::driver::raw::legacy::{COLUMNS, COUNT, TABLE_COLUMNS};
use crate::driver::{Busy, Template, in_place, number, texts};
use crate::open::Sight;

/// The name of a legacy log's file in its folder.
pub const LEGACY_FILE_NAME: &str = "sync_log.db";

/// A legacy, leader-based log, opened to read.
#[derive(Debug)]
pub struct LegacyLog {
    // Closed before the folder is left as it was.
    pub(super) db: Connection,
    sight: Sight,
}

impl LegacyLog {
    /// Opens the file at `path`, or the one called [`LEGACY_FILE_NAME`] in the folder at `path`.
    ///
    /// If SQLite may not write beside the file and cannot read it for that reason, the file is
    /// copied to the system's folder for temporary files and read there.
    ///
    /// # Errors
    /// [`ImportError::Open`] if the file cannot be opened, [`ImportError::NotALegacyLog`] if it is
    /// another database.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let path = if path.is_dir() {
            path.join(LEGACY_FILE_NAME)
        } else {
            path.to_owned()
        };
        let (sight, db) = Sight::of(&path, Busy::DEFAULT)?;
        let legacy = Self { db, sight };
        let missing = legacy.missing_columns()?;
        if missing.is_empty() {
            Ok(legacy)
        } else {
            Err(ImportError::NotALegacyLog { path, missing })
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.sight.path().to_owned()
    }

    /// Returns how many rows the log has, of all devices.
    ///
    /// # Errors
    /// [`ImportError::Read`].
    pub fn rows(&self) -> Result<u64, ImportError> {
        self.count(&COUNT)
    }

    fn missing_columns(&self) -> Result<Vec<&'static str>, ImportError> {
        let names = in_place(texts(&self.db, &TABLE_COLUMNS, &[], ("sync_log", "name")));
        let names = names.map_err(|error| self.failed(error))?;
        let has = |column: &&str| names.iter().any(|name| name == column);
        Ok(COLUMNS.into_iter().filter(|column| !has(column)).collect())
    }

    pub(super) fn count(&self, query: &Template) -> Result<u64, ImportError> {
        let count = in_place(number(&self.db, query, &[]));
        let count = count.map_err(|error| self.failed(error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(super) fn failed(&self, source: StoreError) -> ImportError {
        ImportError::Read {
            path: self.path(),
            source,
        }
    }
}
