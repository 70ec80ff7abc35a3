//! `SyncDb`: the log of one device and library, in a file.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sea_orm::DatabaseConnection;
use sync_log_core::{
    DeviceId, Hlc, LibraryId, LogError, LogState, LogStore, ReadRequest, StoreError, StoreFault,
    SyncLog, WriteJob,
};

use super::attaching::APP_DATABASE;
use super::error::OpenError;
use super::options::SyncDbOptions;
use crate::driver::connect::IN_MEMORY;
use crate::driver::files::wal_of;
use crate::store::{AttachedStore, BackupError, SqliteStore};

/// Where the log is.
#[derive(Debug, Clone)]
pub(super) enum Store {
    /// In a file of its own, or in memory.
    Own(Arc<SqliteStore>),
    /// In the app's database.
    Attached(Arc<AttachedStore>),
    /// In a file that is open only to read.
    ReadOnly,
}

/// One device's sync log of one library, in `<data_dir>/sync.db`, or in the app's own database.
///
/// A `SyncDb` is a handle: cheap to clone, and usable from many tasks at once. It opens files, and
/// has every method of [`SyncLog`]:
///
/// | to | call |
/// |---|---|
/// | record own changes | [`record`](SyncLog::record), [`record_many`](SyncLog::record_many), [`record_each`](SyncLog::record_each) |
/// | append changes that were stamped before | [`tick`](SyncLog::tick), [`append`](SyncLog::append), [`append_many`](SyncLog::append_many) |
/// | see what is pending | [`get_since`](SyncLog::get_since), [`head`](SyncLog::head), [`floor`](SyncLog::floor) |
/// | serve a peer | [`read_for`](SyncLog::read_for), [`acknowledge`](SyncLog::acknowledge) |
/// | give a peer a snapshot | [`head_cursor`](SyncLog::head_cursor) |
/// | wait for new entries | [`watch`](SyncLog::watch) |
/// | manage peers | [`register_peer`](SyncLog::register_peer), [`peers`](SyncLog::peers), [`retire`](SyncLog::retire), [`admit`](SyncLog::admit), [`declare_solo`](SyncLog::declare_solo) |
/// | move the clock above received stamps | [`observe_all`](SyncLog::observe_all) |
/// | prune | [`prune_acked`](SyncLog::prune_acked), [`on_ack`](SyncLog::on_ack), [`record_ack`](SyncLog::record_ack) |
/// | continue with a Spacedrive-style `sync.db` | [`declare_peers`](SyncLog::declare_peers), [`trust_adopted_acks`](SyncLog::trust_adopted_acks) |
/// | learn where the log stands, and why it does not shrink | [`status`](SyncLog::status), [`explain`](SyncLog::explain) |
/// | notice that the file was restored or cloned | [`status`](SyncLog::status) shows [`Verdict`](sync_log_core::Verdict)s; [`dismiss_verdicts`](SyncLog::dismiss_verdicts) |
/// | back up | [`backup_to`](Self::backup_to) |
/// | finish | [`close`](SyncLog::close) |
///
/// Reads, writes and all waiting run on the store's own threads, so any executor will do, and the
/// runtime needs no timer. A log in the app's database is different: see [`attach`](Self::attach). To
/// drop all handles loses nothing that was `Ok`. Copy the file only after a [`close`](SyncLog::close)
/// that was `Ok`, or with [`backup_to`](Self::backup_to).
#[derive(Debug, Clone)]
pub struct SyncDb {
    pub(super) log: SyncLog,
    pub(super) store: Store,
    pub(super) path: Option<Arc<PathBuf>>,
}

impl SyncDb {
    /// Opens or creates `<data_dir>/sync.db`, with default options. Creates the folder if it is
    /// missing.
    ///
    /// The path is made absolute and links are resolved once, here. From then on the handle is its
    /// file: after the file was moved, deleted or replaced, calls that write, and watches, fail with
    /// [`StoreFault::Moved`](crate::StoreFault::Moved). A call that reads fails in the same way, or
    /// returns what this log held, and never the entries of another log (`I6`).
    ///
    /// An existing file is first read without a write, so a refused file stays as it was. A
    /// Spacedrive-style `sync.db` is adopted, and so is a file of this crate to which such a
    /// program wrote. [`inspect`](crate::inspect) shows what an adoption did with each row. An
    /// adopted log is not pruned before [`declare_peers`](SyncLog::declare_peers).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sync_log_sqlite::{SyncDb, Uuid};
    ///
    /// let library = Uuid::from_u128(1);
    /// let phone = Uuid::from_u128(2);
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
    /// In this order: [`OpenError::NotAFolder`] if the path is a file. [`OpenError::Unreachable`]
    /// if the system refuses access. [`OpenError::PathTooLong`] if SQLite cannot take the path.
    /// [`OpenError::SeveralNames`] if the file has hard links (`I6`). [`OpenError::NotSqlite`] if
    /// the file is no database.
    /// [`OpenError::SchemaTooNew`] if a newer program made it (`I2`). [`OpenError::NotAdoptable`]
    /// if another program's tables cannot hold a log. [`OpenError::NoWriteAheadLog`] if the file
    /// system cannot (`A3`). [`OpenError::Log`] with
    /// [`LogError::IdentityMismatch`](crate::LogError::IdentityMismatch) if it is the log of
    /// another library or device (`I1`), with [`LogError::NilId`](crate::LogError::NilId), or with
    /// [`LogError::Store`](crate::LogError::Store) if the file is locked, read-only or damaged.
    pub async fn open(
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        Self::options().open(library_id, device_id, data_dir).await
    }

    /// Opens a log only to read, even while other programs write to it. `path` is a library's
    /// folder, or the file itself. [`identity`](SyncLog::identity) returns whose log it is.
    ///
    /// Nothing is written, and every call that would write fails. If SQLite may not write beside
    /// the file and cannot read it for that reason, the file is copied to the system's folder for
    /// temporary files and read there, as it is at that moment.
    ///
    /// # Errors
    /// In this order: [`OpenError::Unreachable`] if there is no file. [`OpenError::PathTooLong`] if
    /// SQLite cannot take the path. [`OpenError::SeveralNames`] if the file has hard links.
    /// [`OpenError::NotSqlite`] if it is no database.
    /// [`OpenError::SchemaTooNew`] if a newer program made it.
    /// [`OpenError::NeedsAdoption`] or [`OpenError::Unfinished`] if it has to be opened to write
    /// first. [`OpenError::Log`] if it is locked or damaged.
    pub async fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        Self::options().open_read_only(path).await
    }

    /// Makes a log in memory, with default options: the same store without the file. It promises
    /// everything except durability (`A3`).
    ///
    /// # Errors
    /// [`OpenError::Log`].
    pub async fn open_in_memory(
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<Self, OpenError> {
        Self::options().open_in_memory(library_id, device_id).await
    }

    /// Opens the log in the app's own database, with default options. Its tables are beside those of the
    /// app, so that a change and its entry can be one transaction (`W1`). Makes the tables where they
    /// are missing, even if the app's migrator has
    /// [`migration::migrations`](crate::migration) in its list.
    ///
    /// The log uses the connections of `db`. Its work runs as tasks of the tokio runtime in which this
    /// is called; the futures of the log may be polled by any executor, as long as that runtime runs.
    ///
    /// - **One connection.** SeaORM gives a pool of SQLite one connection by default. Then a call on
    ///   the log, [`close`](SyncLog::close) too, waits while the app holds a transaction, and a call *within* that transaction waits
    ///   for itself: it fails with [`StoreFault::NoConnection`](crate::StoreFault::NoConnection) once the
    ///   driver gives up. How long a call waits for a lock or a connection is the driver's setting, not
    ///   [`busy_timeout`](SyncDbOptions::busy_timeout).
    /// - **Durability.** What is `Ok`, or served to a peer, is on disk (`A3`). A database in WAL mode
    ///   with `synchronous` FULL, or in any mode with EXTRA, needs nothing more. With less, each commit
    ///   is followed by a second one that syncs; FULL in the journal mode DELETE is less, because the
    ///   journal of a commit may come back after a power cut. All connections of the pool must have the
    ///   same settings. With `synchronous` OFF, or a journal in memory, any crash can damage the whole
    ///   database, so such a database is refused.
    /// - **The file is the app's.** [`close`](SyncLog::close) ends the handle, and leaves the file and
    ///   its `-wal` as they are. [`backup_to`](Self::backup_to) is refused: back up the database.
    /// - **Memory.** The app's driver reads all rows of a query before the log sees the first.
    ///
    /// ```no_run
    /// # async fn attach(db: sea_orm::DatabaseConnection) -> Result<(), Box<dyn std::error::Error>> {
    /// use sync_log_sqlite::{Change, SyncDb, Uuid};
    ///
    /// let library = Uuid::from_u128(1);
    /// let phone = Uuid::from_u128(2);
    /// let log = SyncDb::attach(&db, library, phone).await?;
    /// log.record(Change::insert("tag", Uuid::new_v4(), &"blue")?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Guarantees
    /// - `I6` Each transaction compares the log in the database with the one that was attached, and
    ///   fails with [`StoreFault::Moved`](crate::StoreFault::Moved) if it is another.
    /// - `I8` After an error the database is as it was.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the tables made as a whole or not at all.
    ///
    /// # Errors
    /// [`OpenError::Log`] with [`LogError::NilId`](crate::LogError::NilId) or
    /// [`LogError::OptionOutOfRange`](crate::LogError::OptionOutOfRange). [`OpenError::Unattachable`]
    /// if there is no tokio runtime, or if the database is not SQLite or has unsafe settings.
    /// [`OpenError::NotSqlite`] if its file is no database. [`OpenError::SchemaTooNew`] if a newer
    /// program made the tables (`I2`). [`OpenError::NotAdoptable`] if other tables have their names.
    /// [`OpenError::Log`] with [`LogError::IdentityMismatch`](crate::LogError::IdentityMismatch) if it
    /// holds the log of another library or device (`I1`), or with
    /// [`LogError::Store`](crate::LogError::Store) if it is locked, read-only or damaged.
    pub async fn attach(
        db: &DatabaseConnection,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<Self, OpenError> {
        Self::options().attach(db, library_id, device_id).await
    }

    /// Returns the default options, with which to open a log in another way.
    pub fn options() -> SyncDbOptions {
        SyncDbOptions::new()
    }

    /// Returns the path of the file, absolute and without links; `None` for a log in memory or in the
    /// app's database.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref().map(PathBuf::as_path)
    }

    /// Copies the log to the file at `path`, as it is at one moment, while the log is in use. The copy
    /// is one whole file, complete and on disk before it gets its name, and only this user may read it.
    ///
    /// The copy is marked as one: [`open`](Self::open) refuses it with [`OpenError::Copy`], because a
    /// device that continued with it would forget changes that its peers have. It can be read with
    /// [`open_read_only`](Self::open_read_only).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sync_log_sqlite::{Change, SyncDb, Uuid};
    /// # let folder = tempfile::tempdir()?;
    /// # let log = SyncDb::open(Uuid::from_u128(1), Uuid::from_u128(2), folder.path()).await?;
    /// # log.record(Change::insert("tag", Uuid::from_u128(3), &"blue")?).await?;
    /// let backup = folder.path().join("sync-backup.db");
    /// log.backup_to(&backup).await?;
    ///
    /// let copy = SyncDb::open_read_only(&backup).await?;
    /// assert_eq!(copy.get_since(None, 10).await?, log.get_since(None, 10).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the copy. It gets its name as a whole or not at all.
    ///
    /// # Errors
    /// [`BackupError::Exists`] if there is a file, or a `-wal` of one. [`BackupError::PathTooLong`] or
    /// [`BackupError::PathNotUtf8`] if SQLite cannot take the path. [`BackupError::Failed`] if the log is closed, moved, in memory, in the app's database or open only to read, or if the copy
    /// cannot be written. A log in the app's database is backed up with that database.
    pub async fn backup_to(&self, path: &Path) -> Result<(), BackupError> {
        let failed = |source| BackupError::Failed {
            path: path.to_owned(),
            source,
        };
        let to = std::path::absolute(path).map_err(|error| failed(error.into()))?;
        let doing = match &self.store {
            Store::Own(store) if store.path().is_some() => return store.backup_to(to).await,
            Store::Own(_) => "back up a log that is in memory",
            Store::Attached(_) => "back up a log in the app's database: back up that database",
            Store::ReadOnly => "back up a log that is open only to read",
        };
        Err(failed(StoreError::new(StoreFault::ReadOnly, doing)))
    }

    /// Returns how many bytes are in the `-wal`, which holds the newest commits until they are moved
    /// into the file; `None` for a log in memory or in the app's database. More than 64 MB mean that another program has read
    /// for a long time without a pause.
    #[must_use]
    pub fn wal_bytes(&self) -> Option<u64> {
        let wal = wal_of(self.path()?);
        Some(std::fs::metadata(wal).map_or(0, |found| found.len()))
    }

    /// What to call the file in a report.
    pub(super) fn place(&self) -> &Path {
        let unnamed = match &self.store {
            Store::Attached(_) => APP_DATABASE,
            Store::Own(_) | Store::ReadOnly => IN_MEMORY,
        };
        self.path().unwrap_or(Path::new(unnamed))
    }

    /// Runs a job of core.
    pub(crate) async fn run(&self, job: WriteJob) -> Result<(), LogError> {
        match &self.store {
            Store::Own(store) => store.write(job).await,
            Store::Attached(store) => store.write(job).await,
            Store::ReadOnly => {
                let doing = "write to a log that is open only to read";
                Err(StoreError::new(StoreFault::ReadOnly, doing).into())
            }
        }
    }

    /// The state of the log.
    pub(crate) async fn state(&self) -> Result<LogState, LogError> {
        let nothing = ReadRequest {
            after: Hlc::ZERO,
            max_entries: 0,
            max_bytes: 0,
            peer: None,
        };
        let view = match &self.store {
            Store::Own(store) => store.read(nothing).await?,
            Store::Attached(store) => store.read(nothing).await?,
            Store::ReadOnly => {
                let doing = "read the state of a log that is open only to read";
                return Err(StoreError::new(StoreFault::ReadOnly, doing).into());
            }
        };
        Ok(view.state)
    }

    /// The store, if it is in the app's database.
    pub(crate) fn attached(&self) -> Option<&AttachedStore> {
        match &self.store {
            Store::Attached(store) => Some(store),
            Store::Own(_) | Store::ReadOnly => None,
        }
    }

    /// Changes where the log begins and is settled, for an import of stamps that an earlier log may have
    /// issued. A log that is open only to read takes no import.
    pub(crate) async fn settle(
        &self,
        settle: impl Fn(&mut LogState) + Send + 'static,
    ) -> Result<(), LogError> {
        match &self.store {
            Store::Own(store) => store.settle(settle).await,
            Store::Attached(store) => store.settle(settle).await,
            Store::ReadOnly => Ok(()),
        }
    }
}

impl Deref for SyncDb {
    type Target = SyncLog;

    fn deref(&self) -> &SyncLog {
        &self.log
    }
}
