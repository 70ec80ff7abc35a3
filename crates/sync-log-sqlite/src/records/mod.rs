//! The records of an app that devices share: its SeaORM entities, and a receiver's tables beside them.
//!
//! [`Models`] declares the entities. [`register`](DeclaredModels::register) reads the app's schema:
//! references and unique keys of the tables become what [`merge`](crate::receive::merge) has to know.
//! [`Records`] is the [`RecordStore`](crate::receive::RecordStore) in a transaction of the app's
//! database, over whatever driver the app has. Nothing here opens a database or commits.
//!
//! - The payload of a change is the JSON that serde makes of an entity's model, and a row is a function
//!   of it: a member that is not there is what serde makes of its absence, such as `None`. Members that
//!   the app does not know are ignored. A field with `#[serde(skip)]`, and a column that the entity does
//!   not have, is local to the device, and keeps what it holds.
//! - Rows are written without SeaORM's hooks: `ActiveModelBehavior` is not run.
//! - A row that a constraint refuses is not shown, with the text of SQLite as the reason. Any other
//!   failure of the database is an error: roll back, and try again.
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

mod begin;
mod change;
mod declared;
mod error;
mod key;
mod members;
mod models;
mod registered;
mod rows;
mod schema;
mod shape;
mod store;
mod versions;

#[cfg(test)]
mod tests;

pub use begin::{begin, make_tables};
pub use error::RecordsError;
pub use models::{DeclaredModels, Models};
pub use registered::RegisteredModels;
pub use store::Records;
