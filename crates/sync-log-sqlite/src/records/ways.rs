//! The ways to open shared records.

use std::path::Path;

use sea_orm::DatabaseConnection;
use sync_log_core::{Clock, DeviceId, LibraryId, LogError, SharedWallClock};
use tokio::sync::Mutex;

use super::begin::make_tables;
use super::beside;
use super::changed::Changed;
use super::compared::Compared;
use super::drift::AcceptedDrift;
use super::in_transaction::Whose;
use super::inner::Inner;
use super::last_pages::LastPages;
use super::models::DeclaredModels;
use super::opening::Opening;
use super::options::SharedRecordsOptions;
use super::registered::RegisteredModels;
use super::shared::SharedRecords;
use super::showing::Showing;
use super::sync_error::SyncError;
use crate::driver::Over;
use crate::driver::durable::Settings;
use crate::open::{SyncDb, SyncDbOptions, Unattachable};

impl SharedRecordsOptions {
    /// Opens the records in `db`, with their log in `<data_dir>/sync.db`. The receiver's tables and the log
    /// are made where they are missing. Call this function after the app's own migrations.
    ///
    /// The two files are compared first. If one of them was deleted, or restored from a backup, nothing
    /// is lost that the other file has (`W4`).
    ///
    /// # Errors
    /// [`SyncError::Models`]: the app's tables cannot be shared as they are declared.
    /// [`SyncError::NeedsBaseline`]: say when the rows were changed. [`SyncError::OtherRecords`]: the
    /// database holds the records of another library or device, or their log is in the same database.
    /// [`SyncError::Unsafe`]: connect with settings that keep commits. [`SyncError::Open`],
    /// [`SyncError::Log`], [`SyncError::Store`].
    pub async fn open(
        self,
        db: &DatabaseConnection,
        models: DeclaredModels,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        data_dir: &Path,
    ) -> Result<SharedRecords, SyncError> {
        let own = Whose::of(library_id, device_id);
        let prepared = Prepared::of(self, db, models, own).await?;
        let (mark, log) = Compared::open(&prepared.opening(), &prepared.options, data_dir).await?;
        prepared.clock.resume(mark).map_err(LogError::from)?;
        let records = prepared.with(log);
        records.drain().await?;
        Ok(records)
    }

    /// Opens the records in `db`, with their log in the same database. The receiver's tables and the log are
    /// made where they are missing. Call this function after the app's own migrations, in a tokio runtime.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and for [`SyncDb::attach`].
    pub async fn attach(
        self,
        db: &DatabaseConnection,
        models: DeclaredModels,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<SharedRecords, SyncError> {
        let own = Whose::of(library_id, device_id);
        let prepared = Prepared::of(self, db, models, own).await?;
        let log = beside::open(&prepared.opening(), &prepared.options).await?;
        Ok(prepared.with(log))
    }
}

/// What both ways of opening have in common.
struct Prepared {
    db: DatabaseConnection,
    settings: Settings,
    models: RegisteredModels,
    own: Whose,
    clock: Clock<SharedWallClock>,
    baseline: Option<Changed>,
    options: SyncDbOptions,
}

impl Prepared {
    /// Validates the options, makes the receiver's tables, and reads the app's.
    async fn of(
        given: SharedRecordsOptions,
        db: &DatabaseConnection,
        models: DeclaredModels,
        own: Whose,
    ) -> Result<Self, SyncError> {
        let SharedRecordsOptions { log, baseline } = given;
        let options = log.unwrap_or_else(SyncDb::options);
        let of_log = options.log_options();
        of_log.validate()?;
        let clock = Clock::new(own.device_id.as_uuid(), of_log.wall.clone());
        let clock = clock.with_limits(of_log.drift);
        let settings = refuse_unsafe(db).await?;
        make_tables(db).await?;
        Ok(Self {
            db: db.clone(),
            settings,
            models: models.register(db).await?,
            own,
            clock,
            baseline,
            options,
        })
    }

    fn opening(&self) -> Opening<'_> {
        Opening {
            db: &self.db,
            settings: &self.settings,
            models: &self.models,
            own: self.own,
            baseline: self.baseline.as_ref(),
            now_ms: self.clock.now_ms(),
        }
    }

    fn with(self, log: SyncDb) -> SharedRecords {
        SharedRecords::of(Inner {
            db: self.db,
            settings: self.settings,
            fingerprint: self.models.fingerprint(),
            models: self.models,
            log,
            own: self.own,
            clock: self.clock,
            accepted: AcceptedDrift::default(),
            last_pages: LastPages::default(),
            showing: Showing::default(),
            draining: Mutex::default(),
        })
    }
}

/// Refuses a database whose settings can lose what was committed.
async fn refuse_unsafe(db: &DatabaseConnection) -> Result<Settings, SyncError> {
    let settings = Settings::of(&Over(db)).await?;
    let Some((setting, value)) = settings.unsafe_setting() else {
        return Ok(settings);
    };
    let value = value.to_owned();
    Err(SyncError::Unsafe(Unattachable::UnsafeSetting {
        setting,
        value,
    }))
}
