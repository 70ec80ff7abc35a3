//! The records that an app shares between devices: rows of its SeaORM entities, in its own database.
//!
//! [`SharedRecords`] is the handle. It records own changes together with the rows that they change, and
//! applies the pages of other devices. [`Models`] names the entities; their references and unique keys are
//! read from the database.
//!
//! - The payload of a change is the JSON that serde makes of an entity's model; each field of that JSON is
//!   a *member*. A row is a function of the payload: if the payload lacks a member, the row gets what serde
//!   makes of its absence, such as `None`. Members that the app does not know are kept beside the row. A
//!   field with `#[serde(skip)]`, or a column that the entity does not have, is local to the device, and
//!   keeps its value while the row is there.
//! - If a record is hidden, or makes room for another record with its unique key, its row is deleted, and
//!   so are rows of local tables that refer to the row with ON DELETE CASCADE. Keep local data that must
//!   outlive that in tables without such a foreign key.
//! - The primary key is one column that holds the record's UUID. Any other key is a unique index of whole
//!   columns, with the collation BINARY, NOCASE or RTRIM.
//! - A foreign key leads from one shared record to the id of another. A column whose foreign key has ON
//!   DELETE CASCADE is declared with [`follows`](DeclaredModels::follows) or
//!   [`logs_cascade`](DeclaredModels::logs_cascade), because a cascade deletes rows without a change of
//!   their own. If the schema does not fit these rules, the opening fails with a [`RecordsError`].
//! - A record that is not one row of one entity is shown by code of the app: see [`Applier`] and
//!   [`Models::by_hand`]. No foreign key of an entity leads to such a record.
//! - The later change of a record wins as a whole, unless [`per_field`](DeclaredModels::per_field) merges
//!   each member by itself.
//! - Received rows are written without SeaORM's hooks: `ActiveModelBehavior` is not run.
//! - If a constraint refuses a row, the record is not shown, with the text of SQLite as the reason. Any
//!   other failure of the database is an error: nothing was applied, so try again.
//! - The receiver's tables are in the app's database, so that the app's transactions cover them. The first
//!   opening makes these tables, or the app's own migrator does, with `migration::records_migrations`.
//! - SeaORM's pools for SQLite have one connection by default. A call here waits while the app holds a
//!   transaction on the same pool. In such a transaction, use
//!   [`record_in`](SharedRecords::record_in).
//!
//! An app that decides itself which changes to merge, and when, uses the store below the handle:
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

mod applier;
mod audit;
mod baseline;
mod begin;
mod beside;
mod by_hand;
mod change;
mod changed;
mod compared;
mod declared;
mod deleted;
mod device;
mod drain;
mod drift;
mod ended;
mod error;
mod giving;
mod in_transaction;
mod inner;
mod key;
mod last_pages;
mod members;
mod models;
mod opening;
mod options;
mod origins;
mod peers;
mod queue;
mod received;
mod registered;
mod renew;
mod rows;
mod rows_of_entity;
mod schema;
mod shape;
mod shared;
mod showing;
mod shows;
mod store;
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

pub use applier::{Answer, Applier};
pub use audit::Unrecorded;
pub use begin::{begin, make_tables};
pub use error::RecordsError;
#[doc(hidden)]
pub use in_transaction::InTransaction;
pub use models::{DeclaredModels, Models};
pub use options::SharedRecordsOptions;
pub use received::{Received, RefusedPage};
pub use registered::RegisteredModels;
pub use shared::SharedRecords;
pub use store::Records;
pub use sync_error::SyncError;
#[cfg(feature = "natural-keys")]
pub use sync_log_core::receive::record_id;
pub use sync_status::SyncStatus;
pub use taking::TakingSnapshot;
pub use writing::Writing;
