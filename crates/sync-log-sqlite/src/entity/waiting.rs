//! `sync_log_waiting`: received changes that wait for a record to which their group must refer.

use sea_orm::entity::prelude::*;

/// An entry of another device.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_waiting")]
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

/// Entries refer to no other table: they wait because a record is missing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
