//! The ways to open a log.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use sea_orm::DatabaseConnection;
use sync_log_core::WallClock;
use sync_log_core::{DeviceId, LibraryId, LogError, LogIdentity, LogOptions, LogStore, SyncLog};

use super::attaching::APP_DATABASE;
use super::db::{Store, SyncDb};
use super::error::OpenError;
use super::found::{self, Ids};
use super::opening::Opening;
use super::options::{FILE_NAME, SyncDbOptions};
use super::sight::Sight;
use tracing::{Instrument as _, debug_span};

use crate::driver::Busy;
use crate::driver::connect::{IN_MEMORY, Location};
use crate::driver::files::Files;
use crate::store::{Anchor, ReadOnlyStore, SqliteStore, thread};

impl SyncDbOptions {
    /// Opens or creates [`FILE_NAME`] in `data_dir`; see [`SyncDb::open`].
    ///
    /// # Errors
    /// As for [`SyncDb::open`].
    pub async fn open(
        self,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        data_dir: &Path,
    ) -> Result<SyncDb, OpenError> {
        let library_id = library_id.into();
        let device_id = device_id.into();
        let data = data_dir.display();
        let span = debug_span!("sync_log_sqlite.open", %library_id, %device_id, data_dir = %data);
        let opening = async { reported(self.in_folder(library_id, device_id, data_dir).await) };
        opening.instrument(span).await
    }

    /// Opens a log only to read; see [`SyncDb::open_read_only`].
    ///
    /// # Errors
    /// As for [`SyncDb::open_read_only`].
    #[tracing::instrument(level = "debug", name = "sync_log_sqlite.open_read_only", skip_all, fields(path = %path.display()))]
    pub async fn open_read_only(self, path: &Path) -> Result<SyncDb, OpenError> {
        reported(self.read_only(path).await)
    }

    /// Makes a log in memory; see [`SyncDb::open_in_memory`].
    ///
    /// # Errors
    /// As for [`SyncDb::open_in_memory`].
    pub async fn open_in_memory(
        self,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<SyncDb, OpenError> {
        let library_id = library_id.into();
        let device_id = device_id.into();
        let span = debug_span!("sync_log_sqlite.open_in_memory", %library_id, %device_id);
        let opening = async { reported(self.in_memory(library_id, device_id).await) };
        opening.instrument(span).await
    }

    /// Opens the log in the app's own database; see [`SyncDb::attach`].
    ///
    /// # Errors
    /// As for [`SyncDb::attach`].
    pub async fn attach(
        self,
        db: &DatabaseConnection,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<SyncDb, OpenError> {
        let library_id = library_id.into();
        let device_id = device_id.into();
        let span = debug_span!("sync_log_sqlite.attach", %library_id, %device_id);
        let attaching = async { reported(self.attached(db, library_id, device_id).await) };
        attaching.instrument(span).await
    }

    async fn in_folder(
        self,
        library_id: LibraryId,
        device_id: DeviceId,
        data_dir: &Path,
    ) -> Result<SyncDb, OpenError> {
        let path = data_dir.join(FILE_NAME);
        let refused = |error| OpenError::log(&path, error);
        self.log.validate().map_err(refused)?;
        let opening = Opening {
            ids: Ids::of(library_id, device_id).map_err(refused)?,
            location: Location::File(path.clone()),
            birth: (!self.existing_only).then_some(self.birth),
            busy: self.busy,
            now_ms: self.log.wall.now_ms(),
            rows_ahead: self.rows_ahead,
        };
        let store = opening.in_folder().await?;
        let store = Arc::new(store.poll_interval(self.poll_interval));
        let log = log_on(Arc::clone(&store), library_id, device_id, self.log).await;
        Ok(SyncDb {
            log: log.map_err(refused)?,
            path: store.path().map(|file| Arc::new(file.to_owned())),
            store: Store::Own(store),
        })
    }

    async fn attached(
        self,
        db: &DatabaseConnection,
        library_id: LibraryId,
        device_id: DeviceId,
    ) -> Result<SyncDb, OpenError> {
        let refused = |error| OpenError::log(Path::new(APP_DATABASE), error);
        self.log.validate().map_err(refused)?;
        let opening = Opening {
            ids: Ids::of(library_id, device_id).map_err(refused)?,
            location: Location::File(APP_DATABASE.into()),
            birth: (!self.existing_only).then_some(self.birth),
            busy: self.busy,
            now_ms: self.log.wall.now_ms(),
            rows_ahead: self.rows_ahead,
        };
        let store = opening.in_the_apps_database(db).await?;
        let store = Arc::new(store.poll_interval(self.poll_interval));
        let log = log_on(Arc::clone(&store), library_id, device_id, self.log).await;
        Ok(SyncDb {
            log: log.map_err(refused)?,
            path: None,
            store: Store::Attached(store),
        })
    }

    async fn read_only(self, path: &Path) -> Result<SyncDb, OpenError> {
        let refused = |error| OpenError::log(path, error);
        self.log.validate().map_err(refused)?;
        let of = path.to_owned();
        let seen = thread::run("sync-log-opener", move |_| see(&of, self.busy)).await;
        let (sight, identity, database) = seen.map_err(|error| OpenError::store(path, error))??;
        let file = sight.file().to_owned();
        let location = Location::File(sight.readable());
        let anchor = Anchor::of_readers(identity, database);
        let store = ReadOnlyStore::new(location, self.busy, anchor, sight);
        let store = store.poll_interval(self.poll_interval);
        let LogIdentity {
            library_id,
            device_id,
            ..
        } = identity;
        let log = log_on(Arc::new(store), library_id, device_id, self.log).await;
        Ok(SyncDb {
            log: log.map_err(|error| OpenError::log(path, error))?,
            store: Store::ReadOnly,
            path: Some(Arc::new(file)),
        })
    }

    async fn in_memory(
        self,
        library_id: LibraryId,
        device_id: DeviceId,
    ) -> Result<SyncDb, OpenError> {
        let refused = |error| OpenError::log(Path::new(IN_MEMORY), error);
        self.log.validate().map_err(refused)?;
        let now_ms = self.log.wall.now_ms();
        let store = SqliteStore::open_in_memory(library_id, device_id, self.birth, now_ms);
        let store = Arc::new(store.await?);
        let log = log_on(Arc::clone(&store), library_id, device_id, self.log).await;
        Ok(SyncDb {
            log: log.map_err(refused)?,
            store: Store::Own(store),
            path: None,
        })
    }
}

/// Logs how an opening ended, and for a failure all its causes.
fn reported(opened: Result<SyncDb, OpenError>) -> Result<SyncDb, OpenError> {
    match &opened {
        Ok(log) => {
            let identity = log.identity();
            tracing::info!(
                library_id = %identity.library_id,
                device_id = %identity.device_id,
                log_id = %identity.log_id,
                path = %log.place().display(),
                "opened"
            );
        }
        Err(error) => {
            let error: &(dyn Error + 'static) = error;
            tracing::info!(error, "failed to open");
        }
    }
    opened
}

fn see(path: &Path, busy: Busy) -> Result<(Sight, LogIdentity, Files), OpenError> {
    let (sight, db) = Sight::of(path, busy)?;
    let database = Files::of(&Location::File(sight.readable()));
    let database = database.map_err(|error| OpenError::store(path, error))?;
    let identity = found::readable(&db, sight.path())?;
    Ok((sight, identity, database))
}

/// A store whose log is refused is closed here, so that the file is left alone
/// from then on.
async fn log_on(
    store: Arc<impl LogStore>,
    library_id: LibraryId,
    device_id: DeviceId,
    options: LogOptions,
) -> Result<SyncLog, LogError> {
    let opened = SyncLog::open(Arc::clone(&store), library_id, device_id, options).await;
    if let Err(refusal) = &opened
        && let Err(error) = store.close().await
    {
        tracing::debug!(%refusal, %error, "failed to close a store whose log was refused");
    }
    opened
}
