//! The app's rows: what the changes of the fixture say.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use sync_log_sqlite::Change;

/// An album: about 450 bytes of JSON.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "album")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) uuid: Uuid,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) color: String,
    pub(crate) sort_order: i64,
    pub(crate) is_hidden: bool,
    pub(crate) cover_uuid: Option<Uuid>,
    pub(crate) parent_uuid: Option<Uuid>,
    pub(crate) created_at: String,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) const TABLE: &str = "CREATE TABLE album (
    uuid BLOB PRIMARY KEY, display_name TEXT NOT NULL, description TEXT NOT NULL,
    color TEXT NOT NULL, sort_order INTEGER NOT NULL, is_hidden INTEGER NOT NULL,
    cover_uuid BLOB, parent_uuid BLOB, created_at TEXT NOT NULL, version INTEGER NOT NULL)";

/// The row that a change of the fixture makes.
pub(crate) fn of(change: &Change) -> Model {
    change.data.parse_as().unwrap()
}
