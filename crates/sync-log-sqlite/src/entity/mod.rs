//! The tables of a log, and those of a receiver, as SeaORM entities.
//!
//! An app reads them over a SeaORM connection of its own to
//! [`SyncDb::path`](crate::SyncDb::path), opened with `?mode=ro`. [`shared_changes`] and
//! [`peer_acks`] are an interchange format that other programs read too. The other tables
//! belong to this crate: read them, and leave writing to [`SyncDb`](crate::SyncDb).
//!
//! A receiver's tables are in the app's own database: [`versions`], [`ties`], [`outbox`],
//! [`waiting`], [`watermarks`], [`origins`], [`receiver`] and [`records_migrations`];
//! [`peer_received_watermarks`] is their interchange format. Leave writing to [`records`](crate::records).
//!
//! Stamps are the 70 bytes of [`Hlc`](crate::Hlc)'s text, whose byte order is the order of
//! stamps. UUIDs are lower-case and hyphenated. A time is RFC 3339 in UTC unless the name of
//! its column ends in `_ms`.
//!
//! ```no_run
//! # async fn pending() -> Result<Vec<sync_log_sqlite::entity::shared_changes::Model>, sea_orm::DbErr> {
//! use sea_orm::{Database, EntityTrait, QueryOrder};
//! use sync_log_sqlite::entity::shared_changes::{Column, Entity};
//!
//! // Needs the feature `sqlx-sqlite` of the app's own `sea-orm`.
//! let db = Database::connect("sqlite:library/sync.db?mode=ro").await?;
//! Entity::find().order_by_asc(Column::Hlc).all(&db).await
//! # }
//! ```

pub mod adoptions;
pub mod aside_acks;
pub mod aside_changes;
pub mod entries;
pub mod identity;
pub mod migrations;
pub mod origins;
pub mod outbox;
pub mod peer_acks;
pub mod peer_received_watermarks;
pub mod peers;
pub mod receiver;
pub mod records_migrations;
pub mod shared_changes;
pub mod state;
mod stored_value;
pub mod ties;
pub(crate) mod time;
pub mod verdicts;
pub mod versions;
pub mod waiting;
pub mod watermarks;

pub use stored_value::StoredValue;
