//! The receiver's tables and the app's tables, in one transaction, as one device uses them.

use sea_orm::DatabaseTransaction;
use sync_log_core::receive::{
    Found, Move, OwnStore, ReceiverStore, Record, RecordId, RecordStore, RecordWrite,
    SnapshotStore, Wanted,
};
use sync_log_core::{
    Cursor, DeviceId, Hlc, LibraryId, LogError, LogState, Needs, SharedChangeEntry, StoreError,
    StoreFault, WriteJob, Writes, take_over,
};

use super::device::{self, Device, Raised};
use super::queue::{OUTBOX, WAITING};
use super::showing::Showing;
use super::store::Records;
use super::watermarks::{self, Watermark};
use super::{RegisteredModels, deleted, versions};
use crate::driver::raw::pragma::DEFER_FOREIGN_KEYS;
use crate::driver::{Over, Port, Together};
use crate::store::Anchor;
use crate::store::attached::{run_at, run_in};

/// What one device keeps, in a transaction of the app's database.
pub struct InTransaction<'a> {
    db: &'a DatabaseTransaction,
    records: Records<'a>,
    /// The library and the device to which the records have to belong.
    own: Whose,
    /// How the models of this handle read payloads.
    fingerprint: &'a str,
    /// The log, if it is in the same database.
    log: Option<&'a Anchor>,
    /// The state of that log, once it was read under the write lock.
    state: Option<LogState>,
    /// Where records are being shown, if this is of a handle.
    showing: Option<&'a Showing>,
    /// Whether foreign keys are checked at the commit.
    is_deferred: bool,
    now_ms: i64,
}

/// A transaction is of another database than the records.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the database has no records of device {device_id}")]
pub(super) struct WrongDatabase {
    device_id: DeviceId,
}

/// The records were opened with other models since. With the models of this handle, changes that those models
/// can show would stay hidden, and what was decided for those models would be lost.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the records were opened with other models since")]
pub(super) struct OtherModels;

/// The job that raises the highest stamp which a log has given out or received.
pub(super) fn raised(to: Hlc) -> WriteJob {
    WriteJob::new(
        |_| Needs::default(),
        move |view| {
            Ok(Writes {
                high_water: (to > view.state.high_water).then_some(to),
                ..Writes::default()
            })
        },
    )
}

/// The device whose records a handle was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whose {
    pub(super) library_id: LibraryId,
    pub(super) device_id: DeviceId,
}

impl Whose {
    pub(super) fn of(library_id: impl Into<LibraryId>, device_id: impl Into<DeviceId>) -> Self {
        Self {
            library_id: library_id.into(),
            device_id: device_id.into(),
        }
    }
}

impl<'a> InTransaction<'a> {
    pub(super) const fn new(
        db: &'a DatabaseTransaction,
        models: &'a RegisteredModels,
        own: Whose,
        fingerprint: &'a str,
        log: Option<&'a Anchor>,
        now_ms: i64,
    ) -> Self {
        Self {
            db,
            records: Records::new(db, models),
            own,
            fingerprint,
            log,
            state: None,
            showing: None,
            is_deferred: true,
            now_ms,
        }
    }

    /// The same of a handle, which refuses own changes while it shows records here.
    pub(super) const fn of_handle(self, showing: &'a Showing) -> Self {
        Self {
            showing: Some(showing),
            ..self
        }
    }

    /// The same in a transaction of the app. Foreign keys are deferred if rows have to be changed.
    pub(super) const fn of_app(self) -> Self {
        Self {
            is_deferred: false,
            ..self
        }
    }

    /// Runs a job of the log that is in the same database. The first job uses the state that was read
    /// before.
    async fn run(
        &mut self,
        db: &impl Port,
        anchor: &Anchor,
        job: WriteJob,
    ) -> Result<(), StoreError> {
        let done = match self.state.take() {
            Some(state) => run_at(db, state, job).await,
            None => run_in(db, anchor, job).await,
        };
        done.map_err(|error| match error {
            LogError::Store(error) => error,
            refusal => {
                let doing = "write to the log in the app's database";
                StoreError::new(StoreFault::Corrupt, doing).with_source(refusal)
            }
        })
    }

    /// Refuses a transaction in which this handle must not change records. The transaction has the write lock.
    ///
    /// # Errors
    /// The database is another one, or the records were opened with other models since.
    pub(super) async fn refuse_other(&self) -> Result<(), StoreError> {
        let found = device::read(&Over(self.db)).await?;
        self.own_device(found).map(drop)
    }

    /// The row of this device.
    ///
    /// # Errors
    /// The database is another one: it has no row of a device, or the row of another device. Or the records
    /// were opened with other models since.
    fn own_device(&self, found: Option<Device>) -> Result<Device, StoreError> {
        let whose = |device: &Device| Whose::of(device.library_id, device.device_id);
        let own = found.filter(|device| whose(device) == self.own);
        let own = own.ok_or_else(|| self.wrong_database())?;
        self.refuse_other_models(&own.models)?;
        Ok(own)
    }

    fn refuse_other_models(&self, found: &str) -> Result<(), StoreError> {
        if found == self.fingerprint {
            return Ok(());
        }
        let doing = "find the records as this handle has opened them";
        Err(StoreError::new(StoreFault::Moved, doing).with_source(OtherModels))
    }

    /// The state of the log in the same database.
    ///
    /// # Errors
    /// The database is another one, or holds another log. Or the records were opened with other models since.
    fn own_log(
        &self,
        anchor: &Anchor,
        found: Option<(LogState, Option<String>)>,
    ) -> Result<LogState, StoreError> {
        let (state, models) = found.ok_or_else(|| self.wrong_database())?;
        let identity = state.identity;
        if Whose::of(identity.library_id, identity.device_id) != self.own {
            return Err(self.wrong_database());
        }
        anchor.refuse_other(identity)?;
        self.refuse_other_models(&models.unwrap_or_default())?;
        Ok(state)
    }

    fn wrong_database(&self) -> StoreError {
        let device_id = self.own.device_id;
        let doing = "find the records of this device in the database of the transaction";
        StoreError::new(StoreFault::Moved, doing).with_source(WrongDatabase { device_id })
    }
}

impl RecordStore for InTransaction<'_> {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.records.look_up(wanted).await
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        self.records.write(records).await
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        if !self.is_deferred && !steps.is_empty() {
            Over(self.db).run(&DEFER_FOREIGN_KEYS, &[]).await?;
            self.is_deferred = true;
        }
        let _shown_here = self.showing.map(|showing| showing.begin(self.db));
        self.records.change(steps).await
    }
}

impl OwnStore for InTransaction<'_> {
    async fn mark(&mut self) -> Result<Hlc, StoreError> {
        let (mark, _) = self.mark_and_look_up(&Wanted::default()).await?;
        Ok(mark)
    }

    async fn mark_and_look_up(&mut self, wanted: &Wanted) -> Result<(Hlc, Found), StoreError> {
        let db = &Over(self.db);
        let Some(anchor) = self.log else {
            let (device, found) = device::lock(db, wanted).await?;
            let device = self.own_device(device)?;
            return Ok((device.issued.max(device.observed), found));
        };
        let (state, found) = device::lock_beside(db, wanted).await?;
        let state = self.own_log(anchor, state)?;
        self.state = Some(state);
        Ok((state.high_water.max(state.head.hlc), found))
    }

    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.write_and_put_out(&[], entries).await
    }

    async fn write_and_put_out(
        &mut self,
        records: &[RecordWrite],
        entries: &[SharedChangeEntry],
    ) -> Result<(), StoreError> {
        let db = &Together::new(self.db);
        versions::write(db, records).await?;
        let Some(last) = entries.last() else {
            return db.flush().await;
        };
        if let Some(anchor) = self.log {
            let job = take_over(entries.to_vec(), self.now_ms);
            return self.run(db, anchor, job).await;
        }
        OUTBOX.put(db, entries).await?;
        device::raise(db, Raised::Issued, last.hlc).await
    }
}

impl ReceiverStore for InTransaction<'_> {
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError> {
        versions::after(&Over(self.db), after, limit).await
    }

    async fn has_unreadable(&mut self) -> Result<bool, StoreError> {
        versions::has_unreadable(&Over(self.db)).await
    }

    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError> {
        let found = watermarks::of(&Over(self.db), origin).await?;
        Ok(found.map_or(Cursor::ZERO, |found| found.cursor))
    }

    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError> {
        let moved = Watermark {
            origin,
            cursor: to,
            at_ms: self.now_ms,
        };
        watermarks::write(&Over(self.db), self.own.device_id, moved).await
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        WAITING.all(&Over(self.db)).await
    }

    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        WAITING.put(&Over(self.db), entries).await
    }

    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        WAITING.remove(&Over(self.db), entries).await
    }

    async fn deleted(
        &mut self,
        after: Option<&(RecordId, Hlc)>,
        up_to: Hlc,
        limit: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
        deleted::up_to(&Over(self.db), after, up_to, limit).await
    }

    async fn forget(&mut self, forgotten: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
        deleted::forget(&Over(self.db), forgotten).await?;
        match forgotten.iter().map(|(_, hlc)| *hlc).max() {
            Some(highest) => device::raise(&Over(self.db), Raised::Forgotten, highest).await,
            None => Ok(()),
        }
    }

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        let Some(anchor) = self.log else {
            return device::raise(&Over(self.db), Raised::Observed, highest).await;
        };
        let db = &Together::new(self.db);
        self.run(db, anchor, raised(highest)).await
    }
}

impl SnapshotStore for InTransaction<'_> {
    async fn watermarks(&mut self) -> Result<Vec<(DeviceId, Cursor)>, StoreError> {
        let all = watermarks::all_of_them(&Over(self.db)).await?;
        let all = all.into_iter();
        Ok(all.map(|it| (it.origin, it.cursor)).collect())
    }

    async fn forgotten(&mut self) -> Result<Hlc, StoreError> {
        let device = device::read(&Over(self.db)).await?;
        Ok(device.map_or(Hlc::ZERO, |device| device.forgotten))
    }

    async fn raise_forgotten(&mut self, to: Hlc) -> Result<(), StoreError> {
        device::raise(&Over(self.db), Raised::Forgotten, to).await
    }

    async fn unversioned(&mut self) -> Result<Hlc, StoreError> {
        let device = device::read(&Over(self.db)).await?;
        Ok(device.map_or(Hlc::ZERO, |device| device.unversioned))
    }

    async fn set_versioned(&mut self) -> Result<(), StoreError> {
        device::set_versioned(&Over(self.db)).await
    }
}
