//! The log that a handle was opened on (`I6`).

use std::path::PathBuf;

use rusqlite::Connection;
use sync_log_core::{LogIdentity, StoreError, StoreFault};

use super::select;
use crate::driver::files::Files;
use crate::driver::{Transaction, in_place};

/// The log that a handle was opened on: its ids, and its files. A handle serves and writes this
/// log, or answers [`StoreFault::Moved`].
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    identity: LogIdentity,
    files: Files,
}

impl Anchor {
    /// The log of a connection that writes. `database` is the file to which it was made.
    pub(crate) fn of_writer(db: &Connection, database: Files) -> Result<Self, StoreError> {
        let txn = Transaction::read(db)?;
        let identity = in_place(select::identity(db))?;
        // From its first read on, the connection has the `-wal` and the `-shm` open.
        let files = database.with_wal()?;
        txn.commit()?;
        files.refuse_moved()?;
        let unnamed = || StoreError::new(StoreFault::Corrupt, "read whose log it is");
        Ok(Self {
            identity: identity.ok_or_else(unnamed)?,
            files,
        })
    }

    /// The log of connections that only read. Other programs may remove the `-wal` and make another
    /// while none of these connections is open, so it does not count.
    pub(crate) fn of_readers(identity: LogIdentity, database: Files) -> Self {
        Self {
            identity,
            files: database,
        }
    }

    /// The log of a database of the app's, whose files are the app's too.
    pub(crate) fn of_attached(identity: LogIdentity) -> Self {
        Self {
            identity,
            files: Files::none(),
        }
    }

    /// The path of the `-wal`; `None` in memory.
    pub(crate) fn wal(&self) -> Option<PathBuf> {
        self.files.wal()
    }

    /// Refuses if a file was moved, deleted or replaced.
    pub(crate) fn refuse_moved(&self) -> Result<(), StoreError> {
        self.files.refuse_moved()
    }

    /// Refuses the log of another library or device, or another log of the same ones: another
    /// program restored it into the file, or another handle adopted the file.
    pub(crate) fn refuse_other(&self, found: LogIdentity) -> Result<(), StoreError> {
        if found == self.identity {
            return Ok(());
        }
        let doing = format!(
            "use log {} of device {}: the file holds log {} of device {}",
            self.identity.log_id, self.identity.device_id, found.log_id, found.device_id
        );
        Err(StoreError::new(StoreFault::Moved, doing))
    }
}
