//! A file that is open for inspection.

use std::path::Path;

use rusqlite::Connection;
use sync_log_core::{LogIdentity, StoreError};

use crate::driver::{Busy, in_place, tables};
use crate::open::{OpenError, Sight, is_backup};
use crate::store::select;

/// A file that is open for inspection.
#[derive(Debug)]
pub struct Inspector {
    // Closed before the folder is left as it was.
    pub(super) db: Connection,
    sight: Sight,
}

impl Inspector {
    /// Opens the file at `path`, or the `sync.db` in the folder at `path`, to read.
    ///
    /// If SQLite may not write beside the file and cannot read it for that reason, the file is
    /// copied to the system's folder for temporary files and read there.
    ///
    /// # Errors
    /// [`OpenError::Unreachable`] if there is no file, [`OpenError::NotSqlite`] if it is no
    /// database, or [`OpenError::Log`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (sight, db) = Sight::of(path, Busy::DEFAULT)?;
        Ok(Self { db, sight })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.sight.path()
    }

    /// Returns whose log it is; `None` if the file does not say, because another program made it.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read, or if the identity in it is damaged.
    pub fn identity(&self) -> Result<Option<LogIdentity>, StoreError> {
        if self.has_table("sync_log_identity")? {
            in_place(select::identity(&self.db))
        } else {
            Ok(None)
        }
    }

    /// Returns whether [`backup_to`](crate::SyncDb::backup_to) made the file: it can be read, and
    /// replaces no log.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn is_backup(&self) -> Result<bool, StoreError> {
        in_place(is_backup(&self.db))
    }

    pub(super) fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        in_place(tables::has(&self.db, name))
    }
}
