//! `peer_received_watermarks`: the stamps of [`watermarks`](super::watermarks), as other programs know
//! them. This crate writes the table and never reads it.

use sea_orm::entity::prelude::*;

/// How far one device has received from another one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peer_received_watermarks")]
pub struct Model {
    /// The device that receives: this one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_uuid: String,
    /// The device whose changes it receives.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer_device_uuid: String,
    /// The stamp up to which they were applied.
    pub max_received_hlc: String,
    /// When that was.
    pub updated_at: String,
}

/// The table refers to no other one.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
