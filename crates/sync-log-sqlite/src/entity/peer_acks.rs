//! `peer_acks`: how far each peer has acknowledged the log, for other programs to read. The rows
//! that count are in [`peers`](super::peers).

use sea_orm::entity::prelude::*;

/// The ack of one peer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peer_acks")]
pub struct Model {
    /// The peer's UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer_device_id: String,
    /// The stamp up to which the peer has applied every entry; the zero stamp if it has
    /// acknowledged nothing.
    pub last_acked_hlc: String,
    /// When the peer acknowledged.
    pub acked_at: String,
}

/// Acks refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
