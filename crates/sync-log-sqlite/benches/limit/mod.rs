//! The limits: the same work by rusqlite alone, as well as it can be done.
//!
//! They work on files that our log made, so that tables, indexes and settings of
//! the file are the same, and know nothing of rules, cursors or state.

#![allow(
    clippy::disallowed_methods,
    reason = "a limit is what SQLite costs without the product"
)]
#![allow(
    dead_code,
    unused_imports,
    reason = "every bench uses its own part of this module"
)]

mod connection;
mod rows;
mod thread;

pub(crate) use connection::{Acks, Pages, Standing, connect, delete_through};
pub(crate) use rows::{Beside, Rows, now};
pub(crate) use thread::Thread;
