//! `SyncDb`: the log of one device and library, in a file.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sync_log_core::{DeviceId, LibraryId, SyncLog};

use super::error::OpenError;
use super::options::SyncDbOptions;
use crate::store::SqliteStore;

/// One device's sync log of one library, in `<data_dir>/sync.db`.
///
/// A handle: cheap to clone, usable from many tasks at once. It is a
/// [`SyncLog`] with a door for files, and every method of that is a method of
/// this:
///
/// | to | call |
/// |---|---|
/// | log own changes | [`record`](SyncLog::record), [`record_many`](SyncLog::record_many), [`record_each`](SyncLog::record_each) |
/// | log changes that were stamped before | [`tick`](SyncLog::tick), [`append`](SyncLog::append), [`append_many`](SyncLog::append_many) |
/// | see what is pending | [`get_since`](SyncLog::get_since), [`head`](SyncLog::head), [`floor`](SyncLog::floor) |
/// | serve a peer | [`read_for`](SyncLog::read_for), [`acknowledge`](SyncLog::acknowledge), [`acknowledge`](SyncLog::acknowledge) |
/// | give a peer a snapshot | [`head_cursor`](SyncLog::head_cursor) |
/// | wait for new entries | [`watch`](SyncLog::watch) |
/// | manage peers | [`register_peer`](SyncLog::register_peer), [`peers`](SyncLog::peers), [`retire`](SyncLog::retire), [`admit`](SyncLog::admit), [`declare_solo`](SyncLog::declare_solo) |
/// | take note of received stamps | [`observe_all`](SyncLog::observe_all) |
/// | prune | [`prune_acked`](SyncLog::prune_acked), [`on_ack`](SyncLog::on_ack), [`record_ack`](SyncLog::record_ack) |
/// | go on from an earlier program's file | [`declare_peers`](SyncLog::declare_peers), [`trust_adopted_acks`](SyncLog::trust_adopted_acks) |
/// | ask where it stands, and why it does not shrink | [`status`](SyncLog::status), [`explain`](SyncLog::explain) |
/// | know that the file was restored or cloned | [`status`](SyncLog::status) shows [`Verdict`](sync_log_core::Verdict)s; [`dismiss_verdicts`](SyncLog::dismiss_verdicts) |
/// | finish | [`close`](SyncLog::close) |
///
/// Reads and writes run on threads of the store's own, and so does all waiting: any
/// executor will do, and no runtime has to have a timer. Dropping all handles loses
/// nothing that was `Ok`; copy the file only after [`close`](SyncLog::close).
#[derive(Debug, Clone)]
pub struct SyncDb {
    pub(super) log: SyncLog,
    /// The store that the log runs on; `None` if it is opened to read only.
    pub(super) store: Option<Arc<SqliteStore>>,
    pub(super) path: Option<Arc<PathBuf>>,
}

impl SyncDb {
    /// Opens or creates `<data_dir>/sync.db`, with default options. A missing
    /// folder is made.
    ///
    /// An existing file is first looked at without writing to it. A refusal
    /// leaves it as it was. A file of an earlier program is adopted, and so is one
    /// of ours that such a program wrote to: see [`inspect`](crate::inspect) for what
    /// became of its rows, and [`declare_peers`](SyncLog::declare_peers) for what it
    /// takes until it is pruned.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sync_log_sqlite::{SyncDb, Uuid};
    ///
    /// let (library, phone) = (Uuid::from_u128(1), Uuid::from_u128(2));
    /// let folder = tempfile::tempdir()?; // an app has one for each library
    /// let log = SyncDb::open(library, phone, folder.path()).await?;
    /// assert_eq!(log.path(), Some(&*folder.path().join("sync.db")));
    ///
    /// // It is the log of that device of that library, and of no other.
    /// let other = SyncDb::open(library, Uuid::from_u128(3), folder.path()).await;
    /// assert!(other.is_err());
    /// # Ok(log.close().await?)
    /// # }
    /// ```
    ///
    /// # Errors
    /// In this order: [`OpenError::NotAFolder`], [`OpenError::NotSqlite`],
    /// [`OpenError::SchemaTooNew`], [`OpenError::NotAdoptable`], then
    /// [`OpenError::Log`]: [`LogError::IdentityMismatch`] if it is the log of
    /// another library or device (`I1`), [`LogError::NilId`], or
    /// [`LogError::Store`] if it is locked, read-only or damaged.
    pub async fn open(
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        Self::options().open(library_id, device_id, data_dir).await
    }

    /// Opens a log to read it, even while other programs write to it. The path is that of a
    /// library's folder, or of the file itself. [`identity`](SyncLog::identity) returns whose log
    /// it is.
    ///
    /// Nothing is written, and what would write fails. A file that SQLite cannot
    /// read where it is, because it may not write beside it, is copied to the
    /// system's folder for temporary files and read there, as it is at that moment.
    ///
    /// # Errors
    /// In this order: [`OpenError::Unreachable`] if there is nothing,
    /// [`OpenError::NotSqlite`], [`OpenError::SchemaTooNew`],
    /// [`OpenError::NeedsAdoption`], [`OpenError::Unfinished`], or
    /// [`OpenError::Log`] if it is locked or damaged.
    pub async fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        Self::options().open_read_only(path).await
    }

    /// Makes a log in memory, with default options: the same store without the
    /// file. It promises everything but durability.
    ///
    /// # Errors
    /// [`OpenError::Log`].
    pub async fn open_in_memory(
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<Self, OpenError> {
        Self::options().open_in_memory(library_id, device_id).await
    }

    /// Options to open with.
    pub fn options() -> SyncDbOptions {
        SyncDbOptions::new()
    }

    /// The file; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref().map(PathBuf::as_path)
    }

    /// The store that the log runs on; `None` if it is opened to read only.
    pub(crate) fn store(&self) -> Option<&SqliteStore> {
        self.store.as_deref()
    }
}

impl Deref for SyncDb {
    type Target = SyncLog;

    fn deref(&self) -> &SyncLog {
        &self.log
    }
}
