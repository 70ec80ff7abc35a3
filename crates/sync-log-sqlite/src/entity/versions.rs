//! `sync_log_versions`: the version of each record that devices share, and what the app's tables show
//! of it.

use sea_orm::entity::prelude::*;

/// One record of which a change was ever merged. A record that was deleted keeps its row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_versions")]
pub struct Model {
    /// The kind of record, 1 to 128 bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_type: String,
    /// The record's UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_uuid: String,
    /// The stamp of the highest change.
    pub hlc: String,
    /// The [`Digest`](crate::Digest) of that change, 16 bytes.
    pub digest: Vec<u8>,
    /// The kind of that change: `insert`, `update` or `delete`.
    pub change_type: String,
    /// The version of the model of its payload.
    pub model_version: i64,
    /// Its payload: JSON, byte for byte as it was logged.
    pub data: String,
    /// The stamp of the highest insertion; the zero stamp if there was none.
    pub inserted: String,
    /// The stamp of the highest deletion, if there was one.
    pub deleted: Option<String>,
    /// JSON of what was merged by itself: the highest stamps of partial changes, and the members of
    /// the payload with their stamps. NULL if there is neither.
    pub parts: Option<String>,
    /// `shown`, `deleted` or `not_shown`.
    pub standing: String,
    /// JSON: if the record is shown, the members that are shown empty; if it is not shown, why. NULL
    /// if there is nothing to say.
    pub detail: Option<String>,
}

/// Versions refer to no other table: a record may refer to one that has none yet.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
