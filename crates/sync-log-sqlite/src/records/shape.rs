//! What an entity of the app makes of a payload, without the entity's type.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use sea_orm::sea_query::{IntoValueTuple, OnConflict, ValueTuple};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    IdenStatic, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, PrimaryKeyTrait,
    QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, Statement, Value,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sync_log_core::{JsonText, Uuid, judge};

use super::members::members;
use crate::driver::Template;

/// An entity of the app.
pub(super) trait Shape: Send + Sync {
    /// The table.
    fn table(&self) -> &'static str;

    /// The columns of the entity.
    fn columns(&self) -> Vec<Column>;

    /// Whether the model has a member of a payload.
    fn knows(&self, member: &str) -> bool;

    /// The members of a payload that are columns.
    fn members(&self) -> Vec<&'static str> {
        let columns = self.columns().into_iter();
        let shared = columns.filter(|column| column.is_shared);
        shared.map(|column| column.member).collect()
    }

    /// The names of the columns of its primary key.
    fn key(&self) -> Vec<&'static str>;

    /// The value of the primary key of a record; `None` if the key holds no UUID.
    fn id(&self, record: Uuid) -> Option<Value>;

    /// The row of a record with this payload, or why there is none.
    fn row(&self, record: Uuid, payload: &JsonText) -> Result<Row, String>;

    /// The statement that makes the rows of some records show these payloads. Its text depends on
    /// their number alone.
    fn show(&self, records: &[(Uuid, &JsonText)]) -> Result<Template, String>;

    /// The statement that removes the row of a record; `None` if the key holds no UUID.
    fn hide(&self, record: Uuid) -> Option<Template>;

    /// The entity.
    fn entity(&self) -> TypeId;

    /// The query for the rows after this record, in the order of their keys.
    fn rows_after(&self, after: Option<Uuid>, limit: u64) -> Statement;

    /// The query for the rows of these records.
    fn rows_of(&self, records: &[Uuid]) -> Statement;

    /// The record that a row of those queries shows, and its payload.
    fn payload(&self, row: &QueryResult) -> Result<(Uuid, JsonText), DbErr>;
}

/// A column of an entity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// The member of the payload.
    pub(super) member: &'static str,
    /// Whether the model takes an empty value.
    pub(super) is_nullable: bool,
    /// Whether payloads decide the value. Other columns are local to the device.
    pub(super) is_shared: bool,
}

/// The columns that payloads set, with their values.
pub(super) type Row = Vec<(&'static str, Value)>;

/// The entity `E`.
pub(super) struct ShapeOf<E> {
    /// The members of a payload; `None` if every column has one.
    members: Option<&'static [&'static str]>,
    entity: PhantomData<fn() -> E>,
}

impl<E: EntityTrait<Model: DeserializeOwned>> ShapeOf<E> {
    pub(super) fn new() -> Self {
        Self {
            members: members::<E::Model>(),
            entity: PhantomData,
        }
    }

    fn is_shared(&self, column: E::Column) -> bool {
        let members = self.members.as_ref();
        members.is_none_or(|members| members.contains(&column.json_key()))
    }
}

impl<E> ShapeOf<E>
where
    E: EntityTrait,
    E::Model: DeserializeOwned + IntoActiveModel<E::ActiveModel>,
{
    /// The row of a record with this payload. The row is a function of the payload alone: if the payload
    /// lacks a member, the row gets what serde makes of its absence. Columns that are not shared are not
    /// set.
    fn active_model(&self, record: Uuid, payload: &JsonText) -> Result<E::ActiveModel, String> {
        let members = payload.parse_as::<Map<String, Json>>();
        let mut members = members.map_err(|_| "the payload is no object".to_owned())?;
        // The record is the one that the change names, whatever the payload says.
        for key in E::Column::iter().filter(is_key::<E>) {
            members.insert(key.json_key().to_owned(), record.to_string().into());
        }
        let model = read::<E::Model>(members)?;
        let mut row = model.into_active_model();
        for column in E::Column::iter() {
            if !self.is_shared(column) {
                row.not_set(column);
                continue;
            }
            row.reset(column);
            if !fits(&row.get(column)) {
                let member = column.json_key();
                return Err(format!("{member} is above what SQLite can store"));
            }
        }
        Ok(row)
    }
}

impl fmt::Debug for dyn Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table())
    }
}

impl<E> Shape for ShapeOf<E>
where
    E: EntityTrait,
    E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel>,
    <E::PrimaryKey as PrimaryKeyTrait>::ValueType: DeserializeOwned,
{
    fn table(&self) -> &'static str {
        E::default().table_name()
    }

    fn columns(&self) -> Vec<Column> {
        let columns = E::Column::iter();
        columns
            .map(|column| Column {
                name: column.as_str(),
                member: column.json_key(),
                is_nullable: column.def().is_null(),
                is_shared: self.is_shared(column),
            })
            .collect()
    }

    fn knows(&self, member: &str) -> bool {
        match self.members {
            Some(members) => members.contains(&member),
            None => E::Column::iter().any(|column| column.json_key() == member),
        }
    }

    fn key(&self) -> Vec<&'static str> {
        let columns = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        columns.map(|column| column.as_str()).collect()
    }

    fn id(&self, record: Uuid) -> Option<Value> {
        let id = serde_json::from_value::<Id<E>>(Json::from(record.to_string()));
        match id.ok()?.into_value_tuple() {
            ValueTuple::One(value) => Some(value),
            _ => None,
        }
    }

    fn row(&self, record: Uuid, payload: &JsonText) -> Result<Row, String> {
        let mut row = self.active_model(record, payload)?;
        let columns = E::Column::iter();
        Ok(columns
            .filter_map(|column| match row.take(column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => {
                    Some((column.as_str(), value))
                }
                ActiveValue::NotSet => None,
            })
            .collect())
    }

    fn show(&self, records: &[(Uuid, &JsonText)]) -> Result<Template, String> {
        let rows = records.iter();
        let rows = rows.map(|(record, payload)| self.active_model(*record, payload));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let set = E::Column::iter().filter(|column| self.is_shared(*column));
        let (key, others): (Vec<_>, Vec<_>) = set.partition(is_key::<E>);
        // A row that is changed counts as one, so that a row which a trigger ignores is noticed.
        let changed = if others.is_empty() {
            key.clone()
        } else {
            others
        };
        let on_conflict = OnConflict::columns(key).update_columns(changed).to_owned();
        let insert = E::insert_many(rows).on_conflict(on_conflict);
        Ok(Template::build("show records", &insert.into_query()))
    }

    fn hide(&self, record: Uuid) -> Option<Template> {
        let key = E::Column::iter().find(is_key::<E>)?;
        let delete = E::delete_many().filter(key.eq(self.id(record)?));
        Some(Template::build("hide a record", &delete.into_query()))
    }

    fn entity(&self) -> TypeId {
        TypeId::of::<E>()
    }

    fn rows_after(&self, after: Option<Uuid>, limit: u64) -> Statement {
        let key = E::Column::iter().find(is_key::<E>);
        let after = after.and_then(|after| self.id(after));
        let mut query = E::find().limit(limit);
        if let Some(key) = key {
            query = query.order_by_asc(key);
            if let Some(after) = after {
                query = query.filter(key.gt(after));
            }
        }
        query.build(DbBackend::Sqlite)
    }

    fn rows_of(&self, records: &[Uuid]) -> Statement {
        let mut query = E::find();
        if let Some(key) = E::Column::iter().find(is_key::<E>) {
            let ids = records.iter().filter_map(|record| self.id(*record));
            query = query.filter(key.is_in(ids));
        }
        query.build(DbBackend::Sqlite)
    }

    fn payload(&self, row: &QueryResult) -> Result<(Uuid, JsonText), DbErr> {
        let model = E::Model::from_query_result(row, "")?;
        let record = record_of(&model).ok_or_else(|| {
            DbErr::Custom(format!("the key of a row of {} is no UUID", self.table()))
        })?;
        let payload = JsonText::from_serialize(&model);
        let payload = payload.map_err(|error| DbErr::Json(error.to_string()))?;
        Ok((record, payload))
    }
}

/// The UUID in the primary key of a row.
pub(super) fn record_of<M: ModelTrait>(model: &M) -> Option<Uuid> {
    let key = <M::Entity as EntityTrait>::Column::iter().find(is_key::<M::Entity>)?;
    uuid(&model.get(key))
}

/// The UUID that a column holds. Text has to be in the one spelling of a record's id.
pub(super) fn uuid(value: &Value) -> Option<Uuid> {
    match value {
        Value::Uuid(uuid) => *uuid,
        Value::String(text) => judge::record_uuid(text.as_deref()).ok(),
        Value::Bytes(bytes) => Uuid::from_slice(bytes.as_deref()?).ok(),
        _ => None,
    }
}

type Id<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

pub(super) fn is_key<E: EntityTrait>(column: &E::Column) -> bool {
    <E::PrimaryKey as PrimaryKeyToColumn>::from_column(*column).is_some()
}

/// Whether SQLite can store a value: its numbers have 63 bits and a sign.
fn fits(value: &ActiveValue<Value>) -> bool {
    match value {
        ActiveValue::Set(Value::BigUnsigned(Some(number))) => i64::try_from(*number).is_ok(),
        _ => true,
    }
}

/// Reads a model. A null that the model does not take counts as a member that is left out.
fn read<M: DeserializeOwned>(mut members: Map<String, Json>) -> Result<M, String> {
    let has_null = members.values().any(Json::is_null);
    let model = match M::deserialize(&members) {
        Err(_) if has_null => {
            members.retain(|_, value| !value.is_null());
            M::deserialize(&members)
        }
        model => model,
    };
    model.map_err(|error| without_values(&error.to_string()))
}

/// What serde says, without the values that it quotes: payloads do not belong in logs.
fn without_values(said: &str) -> String {
    match said.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a member is not as expected: {expected}"),
        None => said.to_owned(),
    }
}
