//! A file that is looked at.

use std::path::Path;

use rusqlite::Connection;
use sync_log_core::{LogIdentity, StoreError};

use crate::driver::{Busy, in_place, tables};
use crate::open::{OpenError, Sight};
use crate::store::select;

/// A file that is looked at.
#[derive(Debug)]
pub struct Inspector {
    // Closed before the folder is left as it was.
    pub(super) db: Connection,
    sight: Sight,
}

impl Inspector {
    /// Opens a library's folder, or the file itself.
    ///
    /// A file that SQLite cannot read where it is, because it may not write beside
    /// it, is copied to the system's folder for temporary files and read there.
    ///
    /// # Errors
    /// [`OpenError::Unreachable`] if there is nothing, [`OpenError::NotSqlite`], or
    /// [`OpenError::Log`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (sight, db) = Sight::of(path, Busy::DEFAULT)?;
        Ok(Self { db, sight })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.sight.path()
    }

    /// Whose log it is; `None` if an earlier program made it, which did not say.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read, or what it says is damaged.
    pub fn identity(&self) -> Result<Option<LogIdentity>, StoreError> {
        if self.has_table("sync_log_identity")? {
            in_place(select::identity(&self.db))
        } else {
            Ok(None)
        }
    }

    pub(super) fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        in_place(tables::has(&self.db, name))
    }
}
