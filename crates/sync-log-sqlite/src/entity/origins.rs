//! `sync_log_origins`: what is known of the log of each other device, beside how far it was applied.

use sea_orm::entity::prelude::*;

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_origins")]
pub struct Model {
    /// The device.
    #[sea_orm(primary_key, auto_increment = false)]
    pub origin: String,
    /// The highest head of its log that a page named, as a stamp.
    pub head: String,
    /// When a page named that head, or was refused.
    pub last_page_at: String,
    /// The stamp for which its last page was refused, because the stamp was too far ahead of the clock.
    pub refused: Option<String>,
}

/// Origins refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
