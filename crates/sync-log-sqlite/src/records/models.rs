//! Declares which entities devices share, and how.

use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, PrimaryKeyTrait};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_log_core::receive::Rule;

use super::applier::Applier;
use super::by_hand::ByHand;
use super::declared::{Cascade, Declared, Kind};
use super::error::RecordsError;
use super::registered::RegisteredModels;
use super::schema;
use super::shape::ShapeOf;
use crate::driver::{Over, Port};

/// The models of an app, before any entity is named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Models;

/// The models of an app, as they are declared. [`version`](Self::version), [`per_field`](Self::per_field),
/// [`follows`](Self::follows) and [`logs_cascade`](Self::logs_cascade) apply to the model that was named
/// last.
#[derive(Debug)]
#[must_use = "models take effect once they are registered"]
pub struct DeclaredModels {
    before: Vec<Declared<Kind>>,
    last: Declared<Kind>,
}

impl Models {
    /// No model yet.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Names the first entity that devices share; see [`DeclaredModels::entity`].
    pub fn entity<E>(self, name: impl Into<String>) -> DeclaredModels
    where
        E: EntityTrait,
        E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel>,
        <E::PrimaryKey as PrimaryKeyTrait>::ValueType: DeserializeOwned,
    {
        DeclaredModels::first(Declared::new(name.into(), entity::<E>()))
    }

    /// Names the first model that the app applies by hand; see [`DeclaredModels::by_hand`].
    pub fn by_hand(
        self,
        name: impl Into<String>,
        applier: impl Applier + 'static,
    ) -> DeclaredModels {
        DeclaredModels::first(Declared::new(name.into(), by_hand(applier)))
    }
}

fn entity<E>() -> Kind
where
    E: EntityTrait,
    E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel>,
    <E::PrimaryKey as PrimaryKeyTrait>::ValueType: DeserializeOwned,
{
    Kind::Entity(Box::new(ShapeOf::<E>::new()))
}

fn by_hand(applier: impl Applier + 'static) -> Kind {
    Kind::ByHand(ByHand {
        applier: Box::new(applier),
        definitions: Vec::new(),
    })
}

impl DeclaredModels {
    const fn first(model: Declared<Kind>) -> Self {
        Self {
            before: Vec::new(),
            last: model,
        }
    }

    fn and(mut self, next: Declared<Kind>) -> Self {
        self.before.push(std::mem::replace(&mut self.last, next));
        self
    }

    /// Names an entity that devices share, by the `model_type` of its changes. Its primary key is one
    /// column that holds the record's UUID, as a `Uuid` or as text in lower case with hyphens. The
    /// payload of a change is the JSON of its model.
    pub fn entity<E>(self, name: impl Into<String>) -> Self
    where
        E: EntityTrait,
        E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel>,
        <E::PrimaryKey as PrimaryKeyTrait>::ValueType: DeserializeOwned,
    {
        self.and(Declared::new(name.into(), entity::<E>()))
    }

    /// Names a model whose records code of the app shows, by the `model_type` of its changes: for instance
    /// because a record is in two tables. [`follows`](Self::follows) and
    /// [`logs_cascade`](Self::logs_cascade) do not apply to it: [`Applier::facts`] has its references.
    pub fn by_hand(self, name: impl Into<String>, applier: impl Applier + 'static) -> Self {
        self.and(Declared::new(name.into(), by_hand(applier)))
    }

    /// Sets the highest `model_version` that the app knows of this model. Default: 0. A record with a
    /// higher `model_version` is kept, and shown once the app is upgraded.
    pub fn version(mut self, version: u32) -> Self {
        self.last.version = version;
        self
    }

    /// Merges each member of the payload separately, from this `model_version` on. Without this rule, the
    /// highest change wins as a whole, and its payload is the whole record.
    pub fn per_field(mut self, since: u32) -> Self {
        self.last.rule = Rule::PerField { since };
        self
    }

    /// Declares that records of this model are deleted together with the record to which `column` refers,
    /// on every device and without a change of their own. The column's foreign key has ON DELETE CASCADE.
    /// What follows these records in turn is deleted with them. A record that is changed after that deletion
    /// is kept, together with what follows it, and shown if the other record comes back.
    pub fn follows(self, column: impl Into<String>) -> Self {
        self.cascade(column.into(), Cascade::Follows)
    }

    /// Declares that the app records a deletion for each record that the database deletes through
    /// `column`. The column's foreign key has ON DELETE CASCADE.
    pub fn logs_cascade(self, column: impl Into<String>) -> Self {
        self.cascade(column.into(), Cascade::Logged)
    }

    fn cascade(mut self, column: String, means: Cascade) -> Self {
        self.last.cascades.push((column, means));
        self
    }

    /// Reads the schema of the app's tables, and derives from it to which records a record refers, and
    /// which keys are unique. Call it once, after the app's migrations.
    ///
    /// # Errors
    /// [`RecordsError`] names the table and the column, key or index that cannot be shared.
    pub async fn register<C: ConnectionTrait>(
        self,
        db: &C,
    ) -> Result<RegisteredModels, RecordsError> {
        self.register_over(&Over(db)).await
    }

    pub(super) async fn register_over(
        self,
        db: &impl Port,
    ) -> Result<RegisteredModels, RecordsError> {
        let mut declared = self.before;
        declared.push(self.last);
        schema::read(db, declared).await
    }
}
