//! The ways to open shared records.

use std::path::Path;

use sea_orm::DatabaseConnection;
use sync_log_core::{Clock, DeviceId, LibraryId, LogError, SharedWallClock};
use tokio::sync::Mutex;

use super::begin::make_tables;
use super::beside::Beside;
use super::compared::Compared;
use super::in_transaction::Whose;
use super::inner::Inner;
use super::models::DeclaredModels;
use super::opening::Opening;
use super::options::SharedRecordsOptions;
use super::registered::RegisteredModels;
use super::shared::SharedRecords;
use super::sync_error::SyncError;
use crate::driver::Over;
use crate::driver::durable::Settings;
use crate::open::{SyncDb, SyncDbOptions, Unattachable};

impl SharedRecordsOptions {
    /// Opens the records in `db`, with their log in `<data_dir>/sync.db`. Both are made where they are
    /// missing: call it after the app's own migrations.
    ///
    /// The two files are compared first. If one of them was deleted, or restored from a backup, nothing
    /// is lost that the other one has (`W4`).
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
        let options = self.log.unwrap_or_else(SyncDb::options);
        let clock = clock(&options, own)?;
        let models = prepared(db, models).await?;
        let opening = Opening {
            db,
            models: &models,
            own,
            baseline: self.baseline.as_ref(),
            now_ms: clock.now_ms(),
        };
        let (mark, log) = Compared::open(&opening, &options, data_dir).await?;
        clock.resume(mark).map_err(LogError::from)?;
        let records = shared(db, models, log, own, clock);
        records.drain().await?;
        Ok(records)
    }

    /// Opens the records in `db`, with their log in the same database. Both are made where they are
    /// missing: call it after the app's own migrations, in a tokio runtime.
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
        let options = self.log.unwrap_or_else(SyncDb::options);
        let clock = clock(&options, own)?;
        let models = prepared(db, models).await?;
        let opening = Opening {
            db,
            models: &models,
            own,
            baseline: self.baseline.as_ref(),
            now_ms: clock.now_ms(),
        };
        let log = Beside::open(&opening, options).await?;
        Ok(shared(db, models, log, own, clock))
    }
}

/// The clock of the records, if they can be opened with these options.
fn clock(options: &SyncDbOptions, own: Whose) -> Result<Clock<SharedWallClock>, SyncError> {
    let log = options.log_options();
    log.validate()?;
    let clock = Clock::new(own.device_id.as_uuid(), log.wall.clone());
    Ok(clock.with_limits(log.drift))
}

/// Makes the receiver's tables, and reads the app's.
async fn prepared(
    db: &DatabaseConnection,
    models: DeclaredModels,
) -> Result<RegisteredModels, SyncError> {
    let settings = Settings::of(&Over(db)).await?;
    if let Some((setting, value)) = settings.unsafe_setting() {
        let value = value.to_owned();
        let refusal = Unattachable::UnsafeSetting { setting, value };
        return Err(SyncError::Unsafe(refusal));
    }
    make_tables(db).await?;
    Ok(models.register(db).await?)
}

fn shared(
    db: &DatabaseConnection,
    models: RegisteredModels,
    log: SyncDb,
    own: Whose,
    clock: Clock<SharedWallClock>,
) -> SharedRecords {
    SharedRecords::of(Inner {
        db: db.clone(),
        models,
        log,
        own,
        clock,
        draining: Mutex::default(),
    })
}
