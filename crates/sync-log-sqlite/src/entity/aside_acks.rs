//! `sync_log_aside_acks`: rows of `peer_acks` that are not acks of this log.

use sea_orm::entity::prelude::*;

use super::StoredValue;

/// A row that an adoption put aside, byte for byte. Its columns have no declared type.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_aside_acks")]
pub struct Model {
    /// Counts the rows that went aside.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Which adoption put the row aside.
    pub adoption: i64,
    /// Why the row is not an ack of this log.
    pub reason: String,
    /// What was in `peer_device_id`.
    pub peer_device_id: StoredValue,
    /// What was in `last_acked_hlc`.
    pub last_acked_hlc: StoredValue,
    /// What was in `acked_at`.
    pub acked_at: StoredValue,
}

/// Rows that went aside refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
