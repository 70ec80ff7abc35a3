//! A file that is open for inspection.

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, InterruptHandle};
use sync_log_core::{LogIdentity, StoreError};

use crate::driver::connect::Location;
use crate::driver::files::Files;
use crate::driver::{Busy, in_place, tables};
use crate::open::{OpenError, Sight, is_backup};
use crate::store::select;

/// Stops what an [`Inspector`] reads, from another thread.
pub struct Interrupter(InterruptHandle);

impl Interrupter {
    /// Stops the statement that runs, if one does. The call that runs it fails.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupter")
    }
}

/// A file that is open for inspection.
#[derive(Debug)]
pub struct Inspector {
    // Closed before the folder is left as it was.
    pub(super) db: Connection,
    sight: Sight,
    file: Files,
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
        let file = Files::of(&Location::File(sight.file().to_owned()));
        let file = file.map_err(|error| OpenError::store(sight.path(), error))?;
        Ok(Self { db, sight, file })
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

    /// Returns whether the file is a database for another purpose: it has tables, and none of them is
    /// one of a log.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn is_other_database(&self) -> Result<bool, StoreError> {
        let tables = in_place(tables::names(&self.db))?;
        let is_ours = |name: &String| {
            let originals = ["shared_changes", "peer_acks"];
            originals.contains(&name.as_str()) || name.starts_with("sync_log_")
        };
        Ok(!tables.is_empty() && !tables.iter().any(is_ours))
    }

    /// Whether a copy of the file is read, because SQLite may not write beside the file. What is
    /// committed after the copy was made is seen after [`refresh`](Self::refresh).
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.sight.is_copy()
    }

    /// Makes the copy again if a copy is read and the file has changed since.
    ///
    /// # Errors
    /// [`OpenError::Log`] with [`StoreFault::Moved`](crate::StoreFault::Moved) if the file was moved,
    /// deleted or replaced since it was opened. As for [`open`](Self::open).
    pub fn refresh(&mut self) -> Result<(), OpenError> {
        let moved = |error| OpenError::store(self.path(), error);
        self.file.refuse_moved().map_err(moved)?;
        if self.sight.is_outdated() {
            *self = Self::open(self.path())?;
        }
        Ok(())
    }

    /// Returns a handle with which another thread stops the statement that this one runs.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.db.get_interrupt_handle())
    }

    pub(super) fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        in_place(tables::has(&self.db, name))
    }
}
