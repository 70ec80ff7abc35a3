//! `shared_changes`: the entries of the log, one row each.

use sea_orm::entity::prelude::*;

/// One retained entry: a change that this device made to a shared record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shared_changes")]
pub struct Model {
    /// The stamp of the entry. Its text order is the order of the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hlc: String,
    /// The kind of record, 1 to 128 bytes.
    pub model_type: String,
    /// The record's UUID.
    pub record_uuid: String,
    /// `insert`, `update` or `delete`.
    pub change_type: String,
    /// The payload: JSON, byte for byte as the app gave it.
    pub data: String,
    /// When the entry was written, by the wall clock of this device.
    pub created_at: String,
}

/// Entries refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
