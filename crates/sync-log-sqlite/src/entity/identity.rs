//! `sync_log_identity`: whose log the file is.

use sea_orm::entity::prelude::*;

/// The library, device and file of a log; one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_identity")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The UUID of the library that the records belong to.
    pub library_id: String,
    /// The UUID of the device whose changes the log holds.
    pub device_id: String,
    /// A random UUID that no other log of the same device has. Adoption draws a new one.
    pub log_id: String,
    /// When the log was made.
    pub created_at: String,
}

/// The identity refers to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
