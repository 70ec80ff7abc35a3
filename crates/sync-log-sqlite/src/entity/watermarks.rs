//! `sync_log_watermarks`: how far the log of each other device was applied.

use sea_orm::entity::prelude::*;

/// One device. Its row stays when it is retired.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_watermarks")]
pub struct Model {
    /// The device.
    #[sea_orm(primary_key, auto_increment = false)]
    pub origin: String,
    /// The [`Cursor`](crate::Cursor) up to which its log was applied, as text.
    pub cursor: String,
    /// When that was.
    pub updated_at: String,
}

/// Watermarks refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
