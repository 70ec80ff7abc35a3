//! Shows the records of a model by code of the app.

use std::fmt;

use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::{Map, Value};
use sync_log_core::receive::{Facts, Need, Reference};
use sync_log_core::{JsonText, StoreError, Uuid};

use super::applier::{Answer, Applier};
use super::rows::json;
use super::shape::Shape;
use super::shows::{Payloads, Shows};
use crate::driver::failure::failed;
use crate::driver::raw::transaction::{BACK_TO_SAVEPOINT, RELEASE_SAVEPOINT, SAVEPOINT};
use crate::driver::{Over, Port};

/// An applier of the app.
pub(super) struct ByHand {
    pub(super) applier: Box<dyn Applier>,
    /// The statements that make its tables. Their constraints decide what can be shown.
    pub(super) definitions: Vec<String>,
}

#[async_trait]
impl Shows for ByHand {
    fn entity(&self) -> Option<&dyn Shape> {
        None
    }

    fn fingerprint(&self) -> String {
        let applier = &self.applier;
        let revision = applier.revision();
        json(&(
            revision,
            applier.members(),
            applier.follows(),
            &self.definitions,
        ))
    }

    fn knows(&self, member: &str) -> bool {
        self.applier.members().contains(&member)
    }

    fn follows(&self, model_type: &str) -> bool {
        self.applier.follows().contains(&model_type)
    }

    fn is_follower(&self) -> bool {
        !self.applier.follows().is_empty()
    }

    fn facts(&self, payload: &JsonText) -> Result<Facts, String> {
        let mut facts = self.applier.facts(&value(payload)?);
        // Records of a model that nothing follows are forgotten earlier (`X4`).
        for reference in &mut facts.references {
            if reference.need == Need::Follows && !self.follows(&reference.to.model_type) {
                reference.need = Need::Must;
            }
        }
        Ok(facts)
    }

    fn references_of_part(&self, payload: &JsonText) -> Vec<Reference> {
        let facts = self.facts(payload);
        facts.map_or_else(|_| Vec::new(), |facts| facts.references)
    }

    /// The records that were shown before one is refused stay as they are: to show them again does no harm.
    async fn show(
        &self,
        txn: &DatabaseTransaction,
        records: &[(Uuid, &JsonText)],
    ) -> Result<Option<String>, StoreError> {
        for (record, payload) in records {
            let payload = match value(payload) {
                Ok(payload) => payload,
                Err(reason) => return Ok(Some(reason)),
            };
            if let Answer::Refused(reason) = self.show_one(txn, *record, &payload).await? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), StoreError> {
        let hidden = self.applier.hide(txn, record).await;
        hidden.map_err(|error| failed("remove a record by hand", error))
    }

    async fn shown_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Payloads, DbErr> {
        let mut records = self.applier.records_after(txn, after, limit).await?;
        // Else an applier that lists them in another way would never come to an end.
        records.retain(|record| Some(*record) > after);
        records.sort_unstable();
        let shown = self.shown_of(txn, &records).await?;
        if shown.len() != records.len() {
            let text = "an applier lists a record that it does not read";
            return Err(DbErr::RecordNotFound(text.to_owned()));
        }
        Ok(shown)
    }

    async fn shown_of(
        &self,
        txn: &DatabaseTransaction,
        records: &[Uuid],
    ) -> Result<Payloads, DbErr> {
        let mut shown = Vec::new();
        for record in records {
            let read = self.applier.read(txn, *record).await?;
            shown.extend(read.map(|payload| (*record, payload.into())));
        }
        Ok(shown)
    }

    fn differing(&self, stored: &JsonText, shown: &JsonText) -> Result<Vec<String>, DbErr> {
        let members = |of: &JsonText| of.parse_as::<Map<String, Value>>().unwrap_or_default();
        let stored = members(stored);
        let shown = members(shown);
        let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
        let names = self.applier.members().iter().copied();
        let differing = names.filter(|name| value(&stored, name) != value(&shown, name));
        Ok(differing.map(str::to_owned).collect())
    }
}

impl ByHand {
    /// Undoes what the applier has changed if it refuses the payload: what it left in its tables could refuse
    /// another record.
    async fn show_one(
        &self,
        txn: &DatabaseTransaction,
        record: Uuid,
        payload: &Value,
    ) -> Result<Answer, StoreError> {
        let db = Over(txn);
        db.run(&SAVEPOINT, &[]).await?;
        let answer = self.applier.show(txn, record, payload).await;
        let answer = answer.map_err(|error| failed("show a record by hand", error))?;
        if answer != Answer::Shown {
            db.run(&BACK_TO_SAVEPOINT, &[]).await?;
        }
        db.run(&RELEASE_SAVEPOINT, &[]).await?;
        Ok(answer)
    }
}

fn value(payload: &JsonText) -> Result<Value, String> {
    let value = payload.parse_as();
    value.map_err(|_| "the payload cannot be read".to_owned())
}

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.applier.tables())
    }
}
