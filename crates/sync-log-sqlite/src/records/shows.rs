//! How the app shows the records of one model.

use std::fmt;

use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use sync_log_core::receive::{Facts, Reference};
use sync_log_core::{JsonText, StoreError, Uuid};

use super::shape::Shape;

/// What shows the records of one model: an entity of the app, or code of the app.
#[async_trait]
pub(super) trait Shows: fmt::Debug + Send + Sync {
    /// The entity, if the records are its rows.
    fn entity(&self) -> Option<&dyn Shape>;

    /// All that decides how payloads are read, and which of them can be shown, as text.
    fn fingerprint(&self) -> String;

    /// Whether the model has a member of a payload.
    fn knows(&self, member: &str) -> bool;

    /// Whether its records may follow records of this model.
    fn follows(&self, model_type: &str) -> bool;

    /// Whether its records may follow any other records.
    fn is_follower(&self) -> bool;

    /// The facts of a payload, or why it does not fit the model. They do not depend on the record that has
    /// the payload.
    fn facts(&self, payload: &JsonText) -> Result<Facts, String>;

    /// The references among the members of a payload, which need not have all of them.
    fn references_of_part(&self, payload: &JsonText) -> Vec<Reference>;

    /// Makes the tables show these payloads. Returns why not all of them can be shown; then the tables may
    /// show some of them.
    async fn show(
        &self,
        txn: &DatabaseTransaction,
        records: &[(Uuid, &JsonText)],
    ) -> Result<Option<String>, StoreError>;

    /// Makes the tables no longer show a record.
    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), StoreError>;

    /// What the tables show of the records after this one, in the order of their ids.
    async fn shown_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Payloads, DbErr>;

    /// What the tables show of these records.
    async fn shown_of(
        &self,
        txn: &DatabaseTransaction,
        records: &[Uuid],
    ) -> Result<Payloads, DbErr>;

    /// The columns in which two payloads differ. Members that the model does not know, and the spelling of
    /// the others, do not count.
    fn differing(&self, stored: &JsonText, shown: &JsonText) -> Result<Vec<String>, DbErr>;
}

/// Records with their payloads.
pub(super) type Payloads = Vec<(Uuid, JsonText)>;
