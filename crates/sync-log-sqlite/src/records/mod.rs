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
