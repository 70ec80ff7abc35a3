//! Where statements run: on a connection of this crate's own, in place, or on any connection
//! or transaction of an app's SeaORM.
//!
//! Statements are built by SeaORM from the entities, once each ([`Template`]). A [`Port`]
//! runs them with [`Argument`]s and hands over [`Row`]s, whose cells are what SQLite stored:
//! a value that another program wrote is seen as it is, whatever type a column should have.
//! There are two ports:
//!
//! - [`rusqlite::Connection`]. Its futures are ready at once; [`in_place`] runs them.
//! - [`Over`] a [`ConnectionTrait`](sea_orm::ConnectionTrait), inside the app's transaction
//!   if that is one.

mod argument;
pub(crate) mod build;
mod busy;
pub(crate) mod connect;
pub(crate) mod failure;
mod in_place;
mod over;
mod port;
mod query;
pub(crate) mod raw;
mod row;
pub(crate) mod tables;
mod template;
mod transaction;

pub(crate) use argument::Argument;
pub(crate) use busy::Busy;
pub use busy::DEFAULT_BUSY_TIMEOUT;
pub(crate) use in_place::in_place;
pub(crate) use over::Over;
pub(crate) use port::Port;
pub(crate) use query::{all, exists, first, number, one, texts};
pub(crate) use row::{Cell, Row};
pub(crate) use template::{Template, argument, argument_rows};
pub(crate) use transaction::Transaction;
