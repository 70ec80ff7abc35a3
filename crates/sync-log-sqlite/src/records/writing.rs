//! A transaction in which an app changes its rows and records the changes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityName,
    EntityTrait, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, QueryFilter,
};
use serde::Serialize;
use sync_log_core::receive::Rule;
use sync_log_core::{Change, Uuid};

use super::registered::{Model, RegisteredModels};
use super::shape::{Shape, is_key, record_of};
use super::sync_error::SyncError;
use crate::driver::raw::transaction::{BACK_TO_SAVEPOINT, RELEASE_SAVEPOINT, SAVEPOINT};
use crate::driver::{AppTransaction, Over, Port};

/// A transaction in which an app changes its rows and records the changes.
/// [`SharedRecords::write`](super::SharedRecords::write) begins it, and commits it with the changes.
///
/// Await each call before the next one begins: a call that begins while another one is running is refused with
/// [`SyncError::Overlapping`].
///
/// An app that changes a shared row in another way, over [`connection`](Self::connection), records that
/// change with [`record`](Self::record).
#[derive(Debug)]
pub struct Writing<'a> {
    txn: AppTransaction,
    models: &'a RegisteredModels,
    changes: Mutex<Vec<Change>>,
    /// One call at a time. Savepoints are nested, so a call that fails would undo a call that began later.
    calling: tokio::sync::Mutex<()>,
    /// How many calls may have changed a row without recording that.
    unfinished: AtomicUsize,
}

impl<'a> Writing<'a> {
    pub(super) const fn new(txn: AppTransaction, models: &'a RegisteredModels) -> Self {
        Self {
            txn,
            models,
            changes: Mutex::new(Vec::new()),
            calling: tokio::sync::Mutex::const_new(()),
            unfinished: AtomicUsize::new(0),
        }
    }

    /// Inserts a row, and records the insertion. Runs SeaORM's hooks.
    ///
    /// If another row has the same unique key, the database refuses the row. If the row refers to a record
    /// that is not there, the record is kept, and not shown until that other record is shown.
    ///
    /// # Errors
    /// [`SyncError::App`], [`SyncError::NotShared`], [`SyncError::NotARecord`].
    pub async fn insert<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, SyncError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize + Sync,
    {
        let (name, model, shape) = self.model::<A::Entity>()?;
        let call = self.begin().await?;
        let inserted = call.ran(row.insert(self.txn.connection()).await).await?;
        let record = id_of(&inserted)?;
        let mut payload = payload_of(&inserted)?;
        if let Rule::PerField { .. } = model.rule {
            empty_what_is_left_out(&mut payload, &shape.members());
        }
        let change = Change::insert(name, record, &payload);
        let change = change.map_err(|error| not_a_record::<A::Entity>(&error))?;
        self.record(change.model_version(model.version));
        call.end().await?;
        Ok(inserted)
    }

    /// Updates a row, and records what changed. If nothing changed, nothing is recorded. Runs SeaORM's
    /// hooks.
    ///
    /// A record that is not shown has no row. To change it, [`insert`](Self::insert) a row with its id.
    ///
    /// Under the per-field rule only the members that changed are recorded.
    ///
    /// # Errors
    /// [`SyncError::App`], even if only the row is missing; [`SyncError::NotShared`],
    /// [`SyncError::NotARecord`].
    pub async fn update<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, SyncError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize + Sync,
    {
        let (name, model, _) = self.model::<A::Entity>()?;
        let call = self.begin().await?;
        let before = call.ran(self.stored(&row).await).await?;
        let updated = call.ran(row.update(self.txn.connection()).await).await?;
        let record = id_of(&updated)?;
        let before = before.map(|before| payload_of(&before)).transpose()?;
        let after = payload_of(&updated)?;
        if let Some(payload) = changed(before.as_ref(), &after, model.rule) {
            let change = Change::update(name, record, &payload);
            let change = change.map_err(|error| not_a_record::<A::Entity>(&error))?;
            self.record(change.model_version(model.version));
        }
        call.end().await?;
        Ok(updated)
    }

    /// Deletes the row of a record, and records the deletion. Returns whether there was such a row. Does
    /// not run SeaORM's hooks.
    ///
    /// A record that is not shown has no row. To delete it on every device, [`record`](Self::record) a
    /// [`Change::delete`].
    ///
    /// # Errors
    /// [`SyncError::App`], [`SyncError::NotShared`].
    pub async fn delete<E: EntityTrait>(&self, record: Uuid) -> Result<bool, SyncError> {
        let (name, model, shape) = self.model::<E>()?;
        let key = E::Column::iter().find(is_key::<E>);
        let Some((key, id)) = key.zip(shape.id(record)) else {
            return Ok(false);
        };
        let delete = E::delete_many().filter(key.eq(id));
        let call = self.begin().await?;
        let deleted = call.ran(delete.exec(self.txn.connection()).await).await?;
        let was_there = deleted.rows_affected > 0;
        if was_there {
            let change = Change::delete(name, record);
            self.record(change.model_version(model.version));
        }
        call.end().await?;
        Ok(was_there)
    }

    /// The transaction, for other statements of the app.
    #[must_use]
    pub const fn connection(&self) -> &DatabaseTransaction {
        self.txn.connection()
    }

    /// Records a change of a row that the app has changed itself, in this transaction. The row has to be
    /// as the change says: this call does not write the row.
    ///
    /// The change has the name under which the entity is registered, the JSON of the entity's model, and the
    /// [`model_version`](Change::model_version()). Under the per-field rule, pass only the members that
    /// changed to [`Change::update`]: every member in the payload counts as changed. A member that is empty now
    /// has to be there as null, even if serde leaves it out.
    pub fn record(&self, change: Change) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push(change);
    }

    /// The transaction, and the changes that were recorded.
    ///
    /// # Errors
    /// A row may have changed without being recorded.
    pub(super) fn into_parts(self) -> (AppTransaction, Result<Vec<Change>, SyncError>) {
        let changes = self.changes.into_inner();
        let changes = changes.unwrap_or_else(PoisonError::into_inner);
        let recorded = match self.unfinished.into_inner() {
            0 => Ok(changes),
            _ => Err(SyncError::Unfinished),
        };
        (self.txn, recorded)
    }

    /// Begins a call that changes a row and records that. If the call does not come to its end, because its
    /// future is dropped or it fails half-way, nothing may be committed. A call does not wait for another one:
    /// the app might not poll that one until this one ends.
    async fn begin(&self) -> Result<Call<'_>, SyncError> {
        let db = self.txn.port();
        let running = self.calling.try_lock();
        let running = running.map_err(|_| SyncError::Overlapping)?;
        db.run(&SAVEPOINT, &[]).await?;
        self.unfinished.fetch_add(1, Ordering::Relaxed);
        let unfinished = &self.unfinished;
        Ok(Call {
            db,
            unfinished,
            _running: running,
        })
    }

    fn model<E: EntityTrait>(&self) -> Result<(&'a str, &'a Model, &'a dyn Shape), SyncError> {
        let found = self.models.of_entity::<E>();
        found.ok_or_else(|| SyncError::NotShared {
            table: E::default().table_name(),
        })
    }

    /// The row that an update is about to change.
    async fn stored<A: ActiveModelTrait>(
        &self,
        row: &A,
    ) -> Result<Option<<A::Entity as EntityTrait>::Model>, DbErr> {
        let keys = <A::Entity as EntityTrait>::PrimaryKey::iter();
        let mut query = A::Entity::find();
        for column in keys.map(PrimaryKeyToColumn::into_column) {
            if let Some(value) = row.get(column).into_value() {
                query = query.filter(column.eq(value));
            }
        }
        query.one(self.txn.connection()).await
    }
}

/// A call that changes a row.
struct Call<'a> {
    db: Over<'a, DatabaseTransaction>,
    unfinished: &'a AtomicUsize,
    _running: tokio::sync::MutexGuard<'a, ()>,
}

impl Call<'_> {
    /// What SeaORM returned. An error may be one of a hook that ran after the statement, so what the call has
    /// done is undone. The app may go on.
    async fn ran<T>(&self, outcome: Result<T, DbErr>) -> Result<T, SyncError> {
        let error = match outcome {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // It fails if the whole transaction has ended. Then nothing may be committed.
        if self.db.run(&BACK_TO_SAVEPOINT, &[]).await.is_ok() {
            self.end().await?;
        }
        Err(error.into())
    }

    async fn end(&self) -> Result<(), SyncError> {
        self.db.run(&RELEASE_SAVEPOINT, &[]).await?;
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

type Members = serde_json::Map<String, serde_json::Value>;

fn id_of<M: ModelTrait>(row: &M) -> Result<Uuid, SyncError> {
    record_of(row).ok_or_else(|| SyncError::NotARecord {
        table: M::Entity::default().table_name(),
        reason: "its key is no UUID".to_owned(),
    })
}

fn payload_of<M: ModelTrait + Serialize>(row: &M) -> Result<Members, SyncError> {
    let payload = serde_json::to_value(row);
    match payload.map_err(|error| not_a_record::<M::Entity>(&error))? {
        serde_json::Value::Object(members) => Ok(members),
        _ => Err(not_a_record::<M::Entity>(&"its payload is no object")),
    }
}

fn not_a_record<E: EntityTrait>(reason: &impl ToString) -> SyncError {
    SyncError::NotARecord {
        table: E::default().table_name(),
        reason: reason.to_string(),
    }
}

/// Makes members null that a payload leaves out. Under the per-field rule a member that is left out keeps the
/// value that it had.
fn empty_what_is_left_out(payload: &mut Members, members: &[&str]) {
    for member in members {
        let value = payload.entry(*member);
        value.or_insert(serde_json::Value::Null);
    }
}

/// The members that an update records; `None` if nothing changed. A member that serde leaves out now, because
/// it is empty, has changed as well.
fn changed(before: Option<&Members>, after: &Members, rule: Rule) -> Option<Members> {
    let mut now = after.clone();
    let members = before.into_iter().flat_map(Members::keys);
    let members: Vec<_> = members.map(String::as_str).collect();
    empty_what_is_left_out(&mut now, &members);
    let was = |name: &String| before.and_then(|before| before.get(name));
    now.retain(|name, value| was(name) != Some(value));
    if now.is_empty() {
        return None;
    }
    match rule {
        Rule::PerField { .. } => Some(now),
        Rule::WholeRecord | Rule::Unknown => Some(after.clone()),
    }
}
