//! Shows the records of a model as rows of an entity.

use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr, Statement};
use serde_json::{Map, Value as Json};
use sync_log_core::receive::{Facts, Key, Need, RecordId, Reference};
use sync_log_core::{JsonText, StoreError, Uuid};

use super::ended::refuse_ended;
use super::key::UniqueKey;
use super::rows::json;
use super::shape::{Column, Row, Shape, uuid};
use super::shows::{Payloads, Shows};
use crate::driver::failure::refused_by_constraint;
use crate::driver::{Over, Port, app_rows};

/// An entity, with what the schema says about its table.
#[derive(Debug)]
pub(super) struct RowsOfEntity {
    pub(super) shape: Box<dyn Shape>,
    pub(super) references: Vec<Refers>,
    pub(super) keys: Vec<UniqueKey>,
    /// The statement that makes the table. Its constraints decide which rows it takes.
    pub(super) definition: String,
}

/// A column that refers to the record of another model, or of its own.
#[derive(Debug, Clone)]
pub(super) struct Refers {
    pub(super) column: &'static str,
    pub(super) member: &'static str,
    pub(super) to: String,
    pub(super) need: Need,
}

#[async_trait]
impl Shows for RowsOfEntity {
    fn entity(&self) -> Option<&dyn Shape> {
        Some(&*self.shape)
    }

    fn fingerprint(&self) -> String {
        let columns = self.shape.columns().into_iter();
        let columns = columns.map(|column| {
            let Column {
                name,
                member,
                is_nullable,
                is_shared,
            } = column;
            (name, member, is_nullable, is_shared)
        });
        let columns: Vec<_> = columns.collect();
        let references = format!("{:?}", self.references);
        let keys = format!("{:?}", self.keys);
        json(&(columns, &self.definition, references, keys))
    }

    fn knows(&self, member: &str) -> bool {
        self.shape.knows(member)
    }

    fn follows(&self, model_type: &str) -> bool {
        let mut references = self.references.iter();
        references.any(|it| it.need == Need::Follows && it.to == model_type)
    }

    fn is_follower(&self) -> bool {
        let mut references = self.references.iter();
        references.any(|it| it.need == Need::Follows)
    }

    fn facts(&self, payload: &JsonText) -> Result<Facts, String> {
        let row = self.shape.row(Uuid::nil(), payload)?;
        let references = self.references.iter();
        let references = references.filter_map(|it| it.reference(&row).transpose());
        let keys = self.keys.iter().filter_map(|key| {
            let value = key.value(&row)?;
            let name = key.name.clone();
            Some(Key { name, value })
        });
        Ok(Facts {
            references: references.collect::<Result<_, _>>()?,
            keys: keys.collect(),
        })
    }

    fn references_of_part(&self, payload: &JsonText) -> Vec<Reference> {
        let members = payload.parse_as::<Map<String, Json>>();
        let members = members.unwrap_or_default();
        let references = self.references.iter().filter_map(|refers| {
            let record = members.get(refers.member)?.as_str()?;
            Some(refers.to(record.parse().ok()?))
        });
        references.collect()
    }

    async fn show(
        &self,
        txn: &DatabaseTransaction,
        records: &[(Uuid, &JsonText)],
    ) -> Result<Option<String>, StoreError> {
        let statement = match self.shape.show(records) {
            Ok(statement) => statement,
            Err(reason) => return Ok(Some(reason)),
        };
        match Over(txn).run(&statement, &[]).await {
            Ok(changed) if usize::try_from(changed) == Ok(records.len()) => Ok(None),
            Ok(_) => Ok(Some("a trigger or a constraint ignored the row".to_owned())),
            Err(error) => {
                let reason = refused_by_constraint(&error).ok_or(error)?;
                refuse_ended(&Over(txn)).await?;
                Ok(Some(reason))
            }
        }
    }

    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), StoreError> {
        if let Some(statement) = self.shape.hide(record) {
            Over(txn).run(&statement, &[]).await?;
        }
        Ok(())
    }

    async fn shown_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Payloads, DbErr> {
        let query = self.shape.rows_after(after, limit as u64);
        self.payloads(txn, query).await
    }

    async fn shown_of(
        &self,
        txn: &DatabaseTransaction,
        records: &[Uuid],
    ) -> Result<Payloads, DbErr> {
        self.payloads(txn, self.shape.rows_of(records)).await
    }

    fn differing(&self, stored: &JsonText, shown: &JsonText) -> Result<Vec<String>, DbErr> {
        let row = |payload| {
            let row = self.shape.row(Uuid::nil(), payload);
            row.map_err(|reason| DbErr::Type(format!("{}: {reason}", self.shape.table())))
        };
        let shown = row(shown)?;
        let stored = row(stored)?;
        let differing = stored.into_iter().filter(|column| !shown.contains(column));
        Ok(differing.map(|(column, _)| column.to_owned()).collect())
    }
}

impl RowsOfEntity {
    async fn payloads(
        &self,
        txn: &DatabaseTransaction,
        query: Statement,
    ) -> Result<Payloads, DbErr> {
        let rows = app_rows(txn, query).await?;
        let payloads = rows.iter().map(|row| self.shape.payload(row));
        payloads.collect()
    }
}

impl Refers {
    fn to(&self, record: Uuid) -> Reference {
        Reference {
            member: self.member.to_owned(),
            to: RecordId::new(self.to.as_str(), record),
            need: self.need,
        }
    }

    fn reference(&self, row: &Row) -> Result<Option<Reference>, String> {
        let found = row.iter().find(|(column, _)| *column == self.column);
        let Some((_, value)) = found.filter(|(_, value)| *value != value.as_null()) else {
            return Ok(None);
        };
        let record = uuid(value).ok_or_else(|| format!("{} is no UUID", self.member))?;
        Ok(Some(self.to(record)))
    }
}
