//! `sync_log_state`: where the log stands.

use sea_orm::entity::prelude::*;

/// Head, floor and everything else that a log knows about itself; one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_log_state")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The highest stamp ever committed.
    pub head: String,
    /// The highest stamp ever pruned.
    pub floor: String,
    /// The tag at the floor, 32 hexadecimal digits.
    pub floor_tag: String,
    /// The highest stamp issued or observed.
    pub high_water: String,
    /// 1 if the app declared that there are no peers, otherwise 0.
    pub solo: i64,
    /// The age of the log by the limit policies' own clock, in milliseconds.
    pub policy_time_ms: i64,
    /// When a limit policy was evaluated last.
    pub evaluated_at: Option<String>,
    /// 1 if the registered peers are all the peers there are. An adoption sets it to 0, until the
    /// app or an operator declares the peers.
    pub peers_declared: i64,
    /// The tag at the head, 32 hexadecimal digits.
    pub head_tag: String,
    /// The stamp at which the log was found not to be as it was written, until the log is adopted.
    pub altered_at: Option<String>,
    /// The fault that was found there; see [`ChainFault`](crate::ChainFault).
    pub altered: Option<String>,
    /// The stamp that was drawn when the log got its id. This device may have issued any stamp up
    /// to here in an earlier log.
    pub settled: String,
    /// 1 if own changes come with the versions of their records, from a receiver, otherwise 0.
    pub with_records: i64,
}

/// The state refers to no other table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
