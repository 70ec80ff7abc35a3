//! `sync_log_adoptions`: when rows that another program wrote were adopted.

use sea_orm::entity::prelude::*;

/// One adoption.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_adoptions")]
pub struct Model {
    /// The number of the adoption; 1 is the first.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When the adoption was committed.
    pub adopted_at: String,
    /// Why the adoption was necessary.
    pub cause: String,
    /// How many entries stayed in the log.
    pub kept_changes: i64,
    /// How many acks stayed, not verified.
    pub kept_acks: i64,
    /// The head from then on.
    pub head: String,
    /// The floor from then on.
    pub floor: String,
    /// The new UUID of the log.
    pub log_id: String,
}

/// Adoptions refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
