//! Runs statements: on a connection of this crate's own, in place, or on any connection or
//! transaction of an app's SeaORM.
//!
//! SeaORM builds each statement once, from the entities ([`Template`]). A [`Port`] runs statements
//! with [`Argument`]s and returns [`Row`]s. The cells of a row are the values that SQLite stored: a
//! value that another program wrote is read as it is, whatever type the column should have. There
//! are these ports:
//!
//! - [`rusqlite::Connection`]. Its futures are ready at once; [`in_place`] runs them.
//! - [`Over`] a [`ConnectionTrait`](sea_orm::ConnectionTrait), inside the app's transaction
//!   if that is one. [`Together`] is the same, with fewer hops to the driver's thread.

mod app_rows;
mod app_transaction;
mod argument;
pub(crate) mod build;
mod busy;
pub(crate) mod connect;
pub(crate) mod durable;
pub(crate) mod failure;
pub(crate) mod files;
mod in_place;
mod over;
mod port;
mod query;
pub(crate) mod raw;
mod row;
pub(crate) mod tables;
mod template;
mod to_its_end;
mod together;
mod transaction;
mod trial;

pub(crate) use app_rows::app_rows;
pub(crate) use app_transaction::AppTransaction;
pub(crate) use argument::Argument;
pub(crate) use busy::Busy;
pub use busy::DEFAULT_BUSY_TIMEOUT;
pub(crate) use in_place::in_place;
pub(crate) use over::Over;
pub(crate) use port::Port;
pub(crate) use query::{all, exists, first, number, one, texts};
pub(crate) use row::{Cell, Row};
pub(crate) use template::{Template, argument, argument_rows};
pub(crate) use to_its_end::{on, to_its_end};
pub(crate) use together::Together;
pub(crate) use transaction::Transaction;
pub(crate) use trial::table_in_memory;
