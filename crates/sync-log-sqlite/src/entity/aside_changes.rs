//! `sync_log_aside_changes`: rows of `shared_changes` that are not entries of this log.

use sea_orm::entity::prelude::*;

use super::StoredValue;

/// A row that an adoption put aside, byte for byte. Its columns have no declared type.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_aside_changes")]
pub struct Model {
    /// Counts the rows that went aside.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Which adoption put the row aside.
    pub adoption: i64,
    /// Why the row is not an entry of this log.
    pub reason: String,
    /// What was in `hlc`.
    pub hlc: StoredValue,
    /// What was in `model_type`.
    pub model_type: StoredValue,
    /// What was in `record_uuid`.
    pub record_uuid: StoredValue,
    /// What was in `change_type`.
    pub change_type: StoredValue,
    /// What was in `data`.
    pub data: StoredValue,
    /// What was in `created_at`.
    pub created_at: StoredValue,
}

/// Rows that went aside refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
