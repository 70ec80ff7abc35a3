//! `sync_log_entries`: the link of each entry in the chain.

use sea_orm::entity::prelude::*;

/// What this crate stores about one retained entry beside its row in
/// [`shared_changes`](super::shared_changes).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_entries")]
pub struct Model {
    /// The stamp of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hlc: String,
    /// The [`Tag`](crate::Tag) at the entry, 16 bytes: a hash over everything up to there.
    pub tag: Vec<u8>,
    /// The version of the model of the payload; 0 if it is not known.
    pub model_version: i64,
    /// 1 if the entry is the last one of its group, otherwise 0.
    pub group_end: i64,
}

/// Positions in the chain refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
