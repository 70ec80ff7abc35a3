//! `sync_log_receiver`: whose records these are, and how far they have come; one row.

use sea_orm::entity::prelude::*;

/// What a receiver knows about this device. A stamp that does not exist is the zero stamp.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_receiver")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The library that the records belong to.
    pub library_id: String,
    /// This device.
    pub device_id: String,
    /// 1 if the log is in a `sync.db`, so that own changes go through the outbox; 0 if it is in this
    /// database.
    pub has_outbox: i64,
    /// The highest stamp that was given to an own change here.
    pub issued: String,
    /// The highest stamp that was received.
    pub observed: String,
    /// The stamp of the last change that was removed from the outbox, because the log has it.
    pub cleared: String,
    /// The highest stamp of a deleted record that was forgotten.
    pub forgotten: String,
    /// Own changes up to this stamp were pruned from the log while this database did not know them.
    pub unversioned: String,
    /// How the app's models read payloads; if that changes, all records are decided again.
    pub models: String,
}

/// The row refers to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
