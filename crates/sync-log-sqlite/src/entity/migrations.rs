//! `sync_log_migrations`: which migrations ran on the file.

use sea_orm::entity::prelude::*;

/// One migration that ran. SeaORM's migrator reads and writes the same table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_migrations")]
pub struct Model {
    /// The migration's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: String,
    /// When it ran, in seconds since the Unix epoch.
    pub applied_at: i64,
}

/// Migrations refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
