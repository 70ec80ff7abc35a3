//! Opens the log in the app's own database.

use std::path::Path;

use sea_orm::{DatabaseConnection, DatabaseConnectionType, DbBackend};
use sync_log_core::{Birth, DeviceId, LibraryId, StoreError, StoreFault};
use tokio::runtime::Handle;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use super::error::OpenError;
use super::found::{Ids, refusal};
use super::opening::Opening;
use super::unattachable::Unattachable;
use crate::adopt::{Outcome, RowsAhead};
use crate::driver::connect::{IN_MEMORY, Location};
use crate::driver::durable::{Settings, sync_everything};
use crate::driver::failure::panicked;
use crate::driver::{AppTransaction, Busy, Over, Port};
use crate::store::{Anchor, AttachedStore, select};

/// What an error calls the app's database until its file is known.
pub(super) const APP_DATABASE: &str = "the app's database";

impl AttachedStore {
    /// Opens the log in the app's database. If there is none, makes one, at `now_ms` by the wall clock,
    /// and with or without a floor, as `birth` says.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the tables made as a whole or not at all.
    ///
    /// # Errors
    /// As for [`SyncDb::attach`](crate::SyncDb::attach).
    pub async fn attach(
        db: &DatabaseConnection,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        birth: Birth,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        let ids = Ids::of(library_id.into(), device_id.into());
        let opening = Opening {
            ids: ids.map_err(|error| OpenError::log(Path::new(APP_DATABASE), error))?,
            location: Location::File(APP_DATABASE.into()),
            birth: Some(birth),
            busy: Busy::DEFAULT,
            now_ms,
            rows_ahead: RowsAhead::GoAside,
        };
        opening.in_the_apps_database(db).await
    }
}

impl Opening {
    /// Opens the log in the app's database, whatever the location is.
    pub(super) async fn in_the_apps_database(
        self,
        db: &DatabaseConnection,
    ) -> Result<AttachedStore, OpenError> {
        let runtime = Handle::try_current();
        let runtime = runtime.map_err(|_| OpenError::Unattachable(Unattachable::NoRuntime))?;
        refuse_others(db).map_err(OpenError::Unattachable)?;
        let path = self.location.path().to_owned();
        let failed = |fault| OpenError::store(&path, fault);
        let attaching = self.attach(db.clone());
        let task = runtime.spawn(attaching.in_current_span().with_current_subscriber());
        let (anchor, settings) = match task.await {
            Ok(attached) => attached?,
            Err(error) if error.is_panic() => return Err(failed(panicked("attach"))),
            Err(_) => return Err(failed(StoreError::new(StoreFault::Closed, "attach"))),
        };
        Ok(AttachedStore::new(runtime, db.clone(), settings, anchor))
    }

    /// Makes, updates or adopts the log, in one transaction that begins with the write lock.
    async fn attach(mut self, db: DatabaseConnection) -> Result<(Anchor, Settings), OpenError> {
        let settings = Settings::of(&Over(&db)).await;
        let settings = settings.map_err(|error| refusal(Path::new(APP_DATABASE), error))?;
        self.location = Location::File(settings.file().unwrap_or(IN_MEMORY).into());
        let path = self.location.path();
        if let Some((setting, value)) = settings.unsafe_setting() {
            let value = value.to_owned();
            let refusal = Unattachable::UnsafeSetting { setting, value };
            return Err(OpenError::Unattachable(refusal));
        }
        let txn = AppTransaction::write(&db).await;
        let txn = txn.map_err(|error| refusal(path, error))?;
        let (anchor, adopted) = match self.anchored(&txn.port()).await {
            Ok(anchored) => anchored,
            Err(error) => {
                txn.roll_back().await;
                return Err(error);
            }
        };
        let committed = txn.commit().await;
        committed.map_err(|error| OpenError::store(path, error))?;
        if let Some((outcome, cause)) = adopted {
            outcome.report(&cause);
        }
        // An earlier run may have committed with other settings.
        let synced = sync_everything(&db, &settings).await;
        synced.map_err(|error| OpenError::store(path, error))?;
        Ok((anchor, settings))
    }

    /// The log, once it is there, and what was adopted.
    async fn anchored(
        &self,
        db: &impl Port,
    ) -> Result<(Anchor, Option<(Outcome, String)>), OpenError> {
        let adopted = self.finish(db).await?;
        let state = select::state(db).await;
        let state = state.map_err(|error| OpenError::store(self.location.path(), error))?;
        Ok((Anchor::of_attached(state.identity), adopted))
    }
}

/// Refuses what is no SQLite database. SeaORM does not say what a database is that was never
/// connected.
fn refuse_others(db: &DatabaseConnection) -> Result<(), Unattachable> {
    #[allow(
        irrefutable_let_patterns,
        reason = "without a driver there is nothing else"
    )]
    if let DatabaseConnectionType::Disconnected = db.inner {
        return Err(Unattachable::NotConnected);
    }
    match db.get_database_backend() {
        DbBackend::Sqlite => Ok(()),
        other => Err(Unattachable::NotSqlite {
            backend: format!("{other:?}"),
        }),
    }
}
