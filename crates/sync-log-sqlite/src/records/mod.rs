//! The records of an app that devices share: rows of its SeaORM entities, in its own database.
//!
//! [`SharedRecords`] is the handle. It records own changes together with the rows that they change, and
//! applies the pages of other devices. [`Models`] names the entities; their references and unique keys are
//! read from the database.
//!
//! - The payload of a change is the JSON that serde makes of an entity's model, and a row is a function
//!   of it: a member that is not there is what serde makes of its absence, such as `None`. Members that
//!   the app does not know are kept beside the row. A field with `#[serde(skip)]`, and a column that the
//!   entity does not have, is local to the device, and keeps what it holds.
//! - The primary key is one column that holds the record's UUID. Any other key is a unique index of whole
//!   columns, with the collation BINARY, NOCASE or RTRIM.
//! - A foreign key leads from one shared record to the id of another. A column whose foreign key has ON
//!   DELETE CASCADE is declared with [`follows`](DeclaredModels::follows) or
//!   [`logs_cascade`](DeclaredModels::logs_cascade), because the rows that a cascade deletes make no change
//!   of their own. What else does not fit is a [`RecordsError`] at the opening.
//! - The later change of a record wins as a whole, unless [`per_field`](DeclaredModels::per_field) merges
//!   each member by itself.
//! - Received rows are written without SeaORM's hooks: `ActiveModelBehavior` is not run.
//! - A row that a constraint refuses is not shown, with the text of SQLite as the reason. Any other
//!   failure of the database is an error: nothing was applied, so try again.
//! - The receiver's tables are in the app's database, because only there can they share its transaction.
//!   They are made at the first opening, or by the app's own migrator, with
//!   `migration::records_migrations`.
//! - SeaORM's pools for SQLite have one connection by default. A call here waits while the app holds a
//!   transaction on the same pool. In such a transaction, use
//!   [`record_in`](SharedRecords::record_in).
//!
//! Below the handle is the store for apps that decide by themselves what to merge:
//!
//! ```no_run
//! # mod tag {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
//! #     #[sea_orm(table_name = "tag")]
//! #     pub struct Model {
//! #         #[sea_orm(primary_key, auto_increment = false)]
//! #         pub id: Uuid,
//! #         pub name: String,
//! #     }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # use sync_log_sqlite::SharedChangeEntry;
//! # async fn receive(db: sea_orm::DatabaseConnection, entries: &[SharedChangeEntry])
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use sync_log_sqlite::receive::merge;
//! use sync_log_sqlite::records::{Models, Records, begin, make_tables};
//!
//! // Once, after the app's own migrations.
//! make_tables(&db).await?;
//! let models = Models::new().entity::<tag::Entity>("tag").register(&db).await?;
//!
//! // For changes of other devices, in any order.
//! let txn = begin(&db).await?;
//! let standings = merge(&mut Records::new(&txn, &models), &models, entries).await?;
//! txn.commit().await?;
//! for (record, standing) in standings {
//!     if let Some(why) = standing.why_not_shown() {
//!         println!("{record} is not shown: {why}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod audit;
mod baseline;
mod begin;
mod beside;
mod change;
mod changed;
mod compared;
mod declared;
mod deleted;
mod device;
mod drain;
mod error;
mod giving;
mod in_transaction;
mod inner;
mod key;
mod members;
mod models;
mod opening;
mod options;
mod queue;
mod registered;
mod renew;
mod rows;
mod schema;
mod shape;
mod shared;
mod store;
mod stored_rows;
mod sync_error;
mod sync_status;
mod taking;
mod upgrade;
mod versions;
mod watermarks;
mod ways;
mod writing;

#[cfg(test)]
mod tests;

pub use audit::Unrecorded;
pub use begin::{begin, make_tables};
pub use error::RecordsError;
pub use models::{DeclaredModels, Models};
pub use options::SharedRecordsOptions;
pub use registered::RegisteredModels;
pub use shared::SharedRecords;
pub use store::Records;
pub use sync_error::SyncError;
pub use sync_status::SyncStatus;
pub use taking::TakingSnapshot;
pub use watermarks::Watermark;
pub use writing::Writing;
