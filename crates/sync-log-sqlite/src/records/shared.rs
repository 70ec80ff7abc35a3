//! The records that devices share, and the log of own changes to them, behind one handle.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, DatabaseTransaction, EntityTrait,
    IntoActiveModel,
};
use serde::Serialize;
use sync_log_core::receive::{self, Applied, Receiving, Record, RecordId, Wanted, WhyNotShown};
use sync_log_core::{Change, Cursor, DeviceId, Hlc, LibraryId, Page, Uuid};

use super::audit::{Audit, Unrecorded};
use super::in_transaction::InTransaction;
use super::inner::Inner;
use super::models::DeclaredModels;
use super::options::SharedRecordsOptions;
use super::peers::{Peers, changes_of};
use super::registered::RegisteredModels;
use super::sync_error::SyncError;
use super::writing::Writing;
use super::{versions, watermarks};
use crate::driver::durable::sync_to_disk;
use crate::driver::{AppTransaction, Over};
use crate::open::SyncDb;

/// The records that devices share, in an app's own database, and the log of this device's changes.
///
/// `SharedRecords` is a handle: cheap to clone, and usable from many tasks at once.
///
/// - [`write`](Self::write) changes rows and records the changes, in one transaction. No change is
///   committed without its entry, and no entry without its change, even if the process is killed (`W2`).
/// - [`apply`](Self::apply) applies a page of another device, in one transaction. What the tables show
///   afterwards depends on the changes alone, and not on their order (`X6`).
/// - [`log`](Self::log) is the log: it registers peers, serves them, takes their acks, and prunes.
///
/// ```no_run
/// # mod tag {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
/// #     #[sea_orm(table_name = "tag")]
/// #     pub struct Model {
/// #         #[sea_orm(primary_key, auto_increment = false)]
/// #         pub id: Uuid,
/// #         pub name: String,
/// #     }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # use sea_orm::{ActiveValue::Set, DatabaseConnection};
/// # use sync_log_sqlite::records::{Models, SharedRecords, SyncError};
/// # use sync_log_sqlite::{Page, Uuid};
/// # async fn run(db: DatabaseConnection, library: Uuid, phone: Uuid, laptop: Uuid, page: Page)
/// # -> Result<(), SyncError> {
/// let models = Models::new().entity::<tag::Entity>("tag");
/// let folder = std::path::Path::new("library");
/// let records = SharedRecords::open(&db, models, library, phone, folder).await?;
/// records.log().register_peer(laptop).await?;
///
/// // An own change.
/// let beach = tag::ActiveModel {
///     id: Set(Uuid::new_v4()),
///     name: Set("beach".to_owned()),
/// };
/// records.write(async |rows| rows.insert(beach).await).await?;
///
/// // A page that the laptop has served.
/// let applied = records.apply(laptop, &page).await?;
/// println!("to acknowledge: {}", applied.watermark);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedRecords {
    inner: Arc<Inner>,
}

impl SharedRecords {
    /// Opens the records in `db`, with their log in `<data_dir>/sync.db`, and default options. Both are
    /// made where they are missing.
    ///
    /// # Errors
    /// As for [`SharedRecordsOptions::open`].
    pub async fn open(
        db: &DatabaseConnection,
        models: DeclaredModels,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        data_dir: &Path,
    ) -> Result<Self, SyncError> {
        let options = Self::options();
        options
            .open(db, models, library_id, device_id, data_dir)
            .await
    }

    /// Opens the records in `db`, with their log in the same database, and default options. A change and
    /// its entry are then one transaction without an outbox. [`SyncDb::attach`] says what the database
    /// needs for this layout.
    ///
    /// # Errors
    /// As for [`SharedRecordsOptions::attach`].
    pub async fn attach(
        db: &DatabaseConnection,
        models: DeclaredModels,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
    ) -> Result<Self, SyncError> {
        let options = Self::options();
        options.attach(db, models, library_id, device_id).await
    }

    /// The default options.
    pub fn options() -> SharedRecordsOptions {
        SharedRecordsOptions::default()
    }

    pub(super) fn of(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The log of own changes. Record changes with [`write`](Self::write): the log itself refuses them
    /// with [`LogError::WithRecords`](sync_log_core::LogError::WithRecords).
    #[must_use]
    pub fn log(&self) -> &SyncDb {
        &self.inner.log
    }

    /// The app's models.
    #[must_use]
    pub fn models(&self) -> &RegisteredModels {
        &self.inner.models
    }

    /// Accepts the changes of `origin` up to the stamp `up_to`, however far they are ahead of this
    /// device's clock. Returns how far ahead of the clock that stamp is.
    ///
    /// It is for a device that is gone and whose clock was wrong: its pages are refused with
    /// [`SyncError::Clock`] for as long as they are ahead. A device that can still be reached gets its clock
    /// set right, and continues under a new id.
    ///
    /// Once such a change is applied, the stamps of this device are above it. For the returned time, they
    /// are ahead of its clock, other devices refuse them unless they call this function as well, and changes
    /// that other devices make to the same records lose. Ask a person before the call.
    ///
    /// The call has an effect until the last handle is dropped. Even so, a stamp at or above
    /// [`CEILING_MS`](sync_log_core::CEILING_MS) is refused.
    #[must_use = "the stamps of this device may be ahead for that time"]
    pub fn accept_drift(&self, origin: impl Into<DeviceId>, up_to: Hlc) -> Duration {
        let inner = &*self.inner;
        inner.accepted.accept(origin.into(), up_to);
        let now_ms = u64::try_from(inner.clock.now_ms()).unwrap_or_default();
        Duration::from_millis(up_to.timestamp.saturating_sub(now_ms))
    }

    /// The ports of core in a transaction that [`begin()`](super::begin()) began, for the conformance suite.
    /// An app that called them could commit an entry without its change.
    #[doc(hidden)]
    pub fn ports<'a>(&'a self, txn: &'a DatabaseTransaction) -> InTransaction<'a> {
        self.inner.in_transaction(txn)
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The app's database.
    pub(super) fn database(&self) -> &DatabaseConnection {
        &self.inner.db
    }

    /// Changes rows and records the changes, in one transaction, as one group: another device applies
    /// all of them together. Returns what `work` returns.
    ///
    /// If `work` fails, nothing is committed. After the commit, the changes are brought into the log. If
    /// that step fails, a warning is logged and the call is still `Ok`: the changes are committed, and the
    /// next call or the next opening brings them into the log.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the rows and the log as after `Ok` or as after `Err`. Do not drop the future of
    /// a call within `work`: that fails the whole `write`.
    ///
    /// # Errors
    /// [`SyncError::Unfinished`]: await each call in `work`. [`SyncError::OtherModels`]: open the records again.
    /// What `work` returned; [`SyncError::Write`], [`SyncError::Store`].
    pub async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Writing<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        let begun = AppTransaction::of_records(&self.inner.db).await?;
        let writing = Writing::new(begun, &self.inner.models);
        let worked = work(&writing).await;
        let (txn, changes) = writing.into_parts();
        let recorded = match worked.and_then(|value| Ok((value, changes?))) {
            Ok((value, changes)) if changes.is_empty() => Ok(value),
            Ok((value, changes)) => {
                let recorded = self.record_many_in(txn.connection(), &changes).await;
                recorded.map(|_| value)
            }
            Err(error) => Err(error),
        };
        let value = txn.end_with(recorded).await?;
        self.drain_or_warn().await;
        Ok(value)
    }

    /// Inserts one row and records the insertion; see [`Writing::insert`].
    ///
    /// # Errors
    /// As for [`write`](Self::write), and for [`Writing::insert`].
    pub async fn insert<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, SyncError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize + Sync,
    {
        self.write(async |rows| rows.insert(row).await).await
    }

    /// Updates one row and records what changed; see [`Writing::update`].
    ///
    /// # Errors
    /// As for [`write`](Self::write), and for [`Writing::update`].
    pub async fn update<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, SyncError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize + Sync,
    {
        self.write(async |rows| rows.update(row).await).await
    }

    /// Deletes the row of one record and records the deletion; see [`Writing::delete`]. Returns whether
    /// there was such a row.
    ///
    /// # Errors
    /// As for [`write`](Self::write), and for [`Writing::delete`].
    pub async fn delete<E: EntityTrait>(&self, record: Uuid) -> Result<bool, SyncError> {
        self.write(async |rows| rows.delete::<E>(record).await)
            .await
    }

    /// Records a change in a transaction of the app, in which the app has changed the row.
    /// Call [`drain`](Self::drain) after the commit. [`Writing::record`] says what the change has to hold.
    ///
    /// ```no_run
    /// # async fn run(db: sea_orm::DatabaseConnection, records: sync_log_sqlite::records::SharedRecords,
    /// #     tag: sync_log_sqlite::Uuid) -> Result<(), sync_log_sqlite::records::SyncError> {
    /// # use sea_orm::ConnectionTrait;
    /// use sync_log_sqlite::Change;
    /// use sync_log_sqlite::records::begin;
    ///
    /// let txn = begin(&db).await?;
    /// txn.execute_unprepared("DELETE FROM tag WHERE name = 'beach'").await?;
    /// records.record_in(&txn, Change::delete("tag", tag)).await?;
    /// txn.commit().await?;
    /// records.drain().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Roll back. As for [`record_many_in`](Self::record_many_in).
    pub async fn record_in(
        &self,
        txn: &DatabaseTransaction,
        change: Change,
    ) -> Result<Hlc, SyncError> {
        let stamps = self.record_many_in(txn, &[change]).await?;
        let stamp = stamps.into_iter().next();
        Ok(stamp.expect("one change gets one stamp"))
    }

    /// Records changes as one group, in a transaction of the app, in which the app has changed the
    /// rows. Returns the stamps of the changes. Call [`drain`](Self::drain) after the commit.
    ///
    /// Begin the transaction with [`begin()`](super::begin()), or IMMEDIATE. Make the calls in one
    /// transaction one after the other. If rows of other records change, because they depend on the changed
    /// rows, foreign keys are checked at the commit from then on.
    ///
    /// # Cancel safety
    /// If the future is dropped, roll back: a part of the changes may have been recorded.
    ///
    /// # Errors
    /// Roll back. [`SyncError::BeganDeferred`]: begin the transaction IMMEDIATE.
    /// [`SyncError::WrongDatabase`], [`SyncError::Write`], [`SyncError::EchoInApply`]: fix the call.
    /// [`SyncError::OtherModels`]: open the records again. [`SyncError::Store`].
    pub async fn record_many_in(
        &self,
        txn: &DatabaseTransaction,
        changes: &[Change],
    ) -> Result<Vec<Hlc>, SyncError> {
        let inner = &*self.inner;
        if inner.showing.is_in(txn) {
            return Err(SyncError::EchoInApply);
        }
        let mut store = inner.in_transaction(txn).of_app();
        let entries = receive::write(&mut store, &inner.models, &inner.clock, changes).await?;
        Ok(entries.iter().map(|entry| entry.hlc).collect())
    }

    /// Applies a page of another device, in one transaction. After `Ok`, acknowledge
    /// [`watermark`](Applied::watermark) to that device, even if nothing was new.
    ///
    /// `origin` is the device that the transport authenticated. Pages may come twice, may overlap, and
    /// may be applied again after a crash: each entry takes effect once (`X2`).
    ///
    /// # Cancel safety
    /// Dropping the future leaves the records as after `Ok` or as after `Err`.
    ///
    /// # Errors
    /// [`SyncError::Page`] says what to do with the page. [`SyncError::Clock`]: the clock of the origin, or
    /// of this device, is wrong; if the origin is gone, see [`accept_drift`](Self::accept_drift).
    /// [`SyncError::OriginRetired`]: admit it first. [`SyncError::MayBeForgotten`]: a snapshot of another device
    /// may help. [`SyncError::Log`] with
    /// [`LogError::OwnPeer`](sync_log_core::LogError::OwnPeer): fix the call. [`SyncError::OtherModels`]: open the
    /// records again. Nothing was applied.
    ///
    /// [`SyncError::Store`]: acknowledge nothing, and try again. Nothing was applied, or everything was and
    /// could not be synced to disk, as when another program locks the database after the commit.
    pub async fn apply(
        &self,
        origin: impl Into<DeviceId>,
        page: &Page,
    ) -> Result<Applied, SyncError> {
        let inner = &*self.inner;
        let origin = origin.into();
        let peers = Peers::of(&inner.log).await?;
        peers.refuse(origin)?;
        let check = |stamps: &[Hlc]| inner.accepted.check(&inner.clock, stamps);
        let txn = AppTransaction::of_records(&inner.db).await?;
        let mut store = inner.in_transaction(txn.connection());
        inner.last_pages.came(origin, inner.clock.now_ms());
        let applying = async {
            store.refuse_other().await?;
            let changes = changes_of(page);
            peers.refuse_forgotten(&mut store, origin, changes).await?;
            let origins = peers.origins_with(&mut store, origin).await?;
            let receiving = Receiving {
                origin,
                origins: &origins,
                check: &check,
            };
            let applied = receive::apply(&mut store, &inner.models, &receiving, page).await?;
            inner.note_origin(&txn, origin, page).await?;
            Ok(applied)
        };
        let outcome: Result<_, SyncError> = applying.await;
        let ended = txn.end_with(outcome).await;
        inner.note_page(origin, page, &ended).await;
        let applied = ended?;
        // What is acknowledged leaves the log of the origin, so it has to survive a power cut here.
        sync_to_disk(&inner.db, &inner.settings).await?;
        Ok(applied)
    }

    /// The cursor up to which the log of `origin` was applied. Read the origin's log from this cursor.
    ///
    /// # Errors
    /// [`SyncError::Store`].
    pub async fn cursor(&self, origin: impl Into<DeviceId>) -> Result<Cursor, SyncError> {
        let found = watermarks::of(&Over(&self.inner.db), origin.into()).await?;
        Ok(found.map_or(Cursor::ZERO, |found| found.cursor))
    }

    /// What is kept of a record; `None` if no change of the record was ever applied.
    ///
    /// # Errors
    /// [`SyncError::Store`].
    pub async fn record(&self, id: &RecordId) -> Result<Option<Record>, SyncError> {
        let wanted = Wanted {
            records: [id.clone()].into(),
            ..Wanted::default()
        };
        let found = versions::look_up(&Over(&self.inner.db), &wanted).await?;
        Ok(found.records.into_iter().next().map(|(_, record)| record))
    }

    /// Returns the live records that the app's tables do not show, each with the reason, at most `limit`.
    /// [`record`](Self::record) has the content of each.
    ///
    /// A record is shown as soon as the reason has passed: the other record with the same key was changed,
    /// or the record to which this one refers has arrived. To delete the record instead, on every device:
    ///
    /// ```no_run
    /// # async fn run(records: sync_log_sqlite::records::SharedRecords)
    /// # -> Result<(), sync_log_sqlite::records::SyncError> {
    /// use sync_log_sqlite::Change;
    ///
    /// for (id, why) in records.not_shown(100).await? {
    ///     println!("{id} is deleted, because {why}");
    ///     let change = Change::delete(id.model_type, id.record_uuid);
    ///     records
    ///         .write(async |rows| {
    ///             rows.record(change);
    ///             Ok(())
    ///         })
    ///         .await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SyncError::Store`].
    pub async fn not_shown(&self, limit: usize) -> Result<Vec<(RecordId, WhyNotShown)>, SyncError> {
        Ok(versions::not_shown(&Over(&self.inner.db), limit).await?)
    }

    /// Compares the rows of all shared tables with what is recorded of them. Returns the records whose row
    /// was changed without a recorded change, at most `limit`.
    ///
    /// This call is for the tests of an app, because it reads everything. At the end of a test that changes
    /// shared rows, it finds code that changes them without [`write`](Self::write) or
    /// [`record_in`](Self::record_in). Columns that are local to the device do not count.
    ///
    /// # Errors
    /// [`SyncError::App`]: the app's entity cannot read a row. [`SyncError::Store`].
    pub async fn audit(&self, limit: usize) -> Result<Vec<(RecordId, Unrecorded)>, SyncError> {
        Audit::run(&self.inner.db, &self.inner.models, limit).await
    }

    /// Forgets deleted records of which no change can arrive any more. Returns how many were forgotten. Call
    /// this function now and then, but not while another device reads a snapshot of these records.
    ///
    /// A change can arrive from each active peer, and from each other device of which a page was applied. If
    /// such a device is gone, register it and retire it. If a retired device comes back, its changes of records
    /// that may have been forgotten are refused: see [`SyncError::MayBeForgotten`].
    ///
    /// # Errors
    /// [`SyncError::Store`], [`SyncError::Log`].
    pub async fn forget_deleted(&self) -> Result<usize, SyncError> {
        let inner = &*self.inner;
        let mut forgotten = 0;
        loop {
            let peers = Peers::of(&inner.log).await?;
            let txn = AppTransaction::of_records(&inner.db).await?;
            let mut store = inner.in_transaction(txn.connection());
            let forgetting = async {
                store.refuse_other().await?;
                let origins = peers.origins(&mut store).await?;
                receive::forget_deleted(&mut store, &inner.models, &origins).await
            };
            let outcome = forgetting.await;
            let count = txn.end_with(outcome.map_err(SyncError::from)).await?;
            forgotten += count;
            if count == 0 {
                return Ok(forgotten);
            }
        }
    }

    /// Brings committed changes into the log. [`write`](Self::write) calls this function itself; after
    /// [`record_in`](Self::record_in), call it once the transaction is committed. If the call fails, the next
    /// call or the next opening brings the changes into the log.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`SyncError::Store`], [`SyncError::Log`].
    pub async fn drain(&self) -> Result<(), SyncError> {
        self.inner.drain().await
    }

    async fn drain_or_warn(&self) {
        if let Err(error) = self.drain().await {
            // The changes are committed, so the status shows them.
            self.inner.log.status_changed();
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(error, "committed changes are not in the log yet");
        }
    }

    /// Brings all committed changes into the log, and closes the log. The app then closes its database.
    ///
    /// # Errors
    /// The errors of [`drain`](Self::drain) and of [`close`](sync_log_core::SyncLog::close). The log is
    /// closed even then.
    pub async fn close(&self) -> Result<(), SyncError> {
        let drained = self.drain().await;
        self.inner.log.close().await?;
        drained
    }
}

impl fmt::Debug for SharedRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRecords")
            .field("log", &self.inner.log)
            .field("models", &self.inner.models)
            .finish_non_exhaustive()
    }
}
