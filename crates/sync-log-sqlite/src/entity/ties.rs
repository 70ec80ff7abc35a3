//! `sync_log_ties`: which records are decided together.

use sea_orm::entity::prelude::*;

/// One tie of one record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_ties")]
pub struct Model {
    /// What ties the record to others: the text of a [`Tie`](crate::receive::Tie).
    #[sea_orm(primary_key, auto_increment = false)]
    pub tie: String,
    /// The kind of record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_type: String,
    /// The record's UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_uuid: String,
}

/// Ties refer to no other table: a record may refer to one that never came.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
