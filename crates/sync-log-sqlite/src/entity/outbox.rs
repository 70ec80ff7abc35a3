//! `sync_log_outbox`: own changes that the log does not have yet.

use sea_orm::entity::prelude::*;

/// An own change that was committed with its record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_outbox")]
pub struct Model {
    /// The stamp.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hlc: String,
    /// The kind of record, 1 to 128 bytes.
    pub model_type: String,
    /// The record's UUID.
    pub record_uuid: String,
    /// `insert`, `update` or `delete`.
    pub change_type: String,
    /// The payload: JSON, byte for byte.
    pub data: String,
    /// The version of the model of the payload.
    pub model_version: i64,
    /// 1 if the entry ends its group, otherwise 0.
    pub group_end: i64,
}

/// Entries refer to no other table: a record may be deleted before the log has its change.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
