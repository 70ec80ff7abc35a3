//! `sync_log_verdicts`: signs that a file was restored or cloned.

use sea_orm::entity::prelude::*;

/// One sign, the first of its kind since the last dismissal.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_verdicts")]
pub struct Model {
    /// The kind of sign: `own_stamp`, `diverged`, `ahead_of_head` or `admission`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The stamp that showed it.
    pub hlc: String,
    /// The peer whose call showed it, if a peer's call did.
    pub peer: Option<String>,
    /// When it was found.
    pub found_at: String,
}

/// Verdicts refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
