//! The app's entity: a record of the history, whatever its model there.
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Makes the app's table.
pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS records (
    id BLOB NOT NULL PRIMARY KEY, model TEXT NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL)";

/// What the changes of records are called in the log.
pub(crate) const MODEL_TYPE: &str = "record";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "records")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub model: String,
    pub name: String,
    /// JSON, byte for byte as the history has it.
    pub data: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
