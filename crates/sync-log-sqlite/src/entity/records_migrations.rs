//! `sync_log_records_migrations`: which migrations of a receiver's tables ran on the database.

use sea_orm::entity::prelude::*;

/// One migration that ran. SeaORM's migrator reads and writes the same table.
///
/// The table is apart from `sync_log_migrations`, because SeaORM's migrator refuses a table in which
/// another migrator recorded its steps.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_records_migrations")]
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
