//! `sync_log_peers`: what the log knows about each peer. `peer_acks` mirrors the acks.

use sea_orm::entity::prelude::*;

/// One peer that was ever registered.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_peers")]
pub struct Model {
    /// The peer's UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer_device_id: String,
    /// `active` or `retired`.
    pub state: String,
    /// How often the peer was admitted: 1 at first.
    pub admission: i64,
    /// What registered the peer; see [`RegisteredBy`](crate::RegisteredBy).
    pub registered_by: String,
    /// When the peer was registered.
    pub registered_at: String,
    /// When the peer was retired, if it is.
    pub retired_at: Option<String>,
    /// Why the peer was retired; see [`RetireReason`](crate::RetireReason).
    pub retired_reason: Option<String>,
    /// The stamp at which pruning holds for a peer that reads below its own ack.
    pub hold: Option<String>,
    /// When the peer began to lag, by the limit policies' own clock, in milliseconds. No policy
    /// uses the column yet.
    pub lagging_since_ms: Option<i64>,
    /// When the peer called last, by the same clock, in milliseconds. No policy uses the column
    /// yet.
    pub seen_ms: Option<i64>,
    /// 1 if the peer acknowledged through this crate, 0 if the ack was found in an adopted file.
    pub verified: i64,
    /// The stamp up to which the peer has applied every entry; the zero stamp if it has
    /// acknowledged nothing.
    pub acked: String,
    /// When the row changed last.
    pub acked_at: Option<String>,
}

/// Peers refer to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
