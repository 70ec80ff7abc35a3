//! How the tables are made.
//!
//! [`SyncDb::open`](crate::SyncDb::open) makes what is missing by itself. An app that keeps
//! the tables beside its own has two more doors, both behind the feature `migrator`, which is
//! on by default:
//!
//! - `Migrator::up` on a connection or in a transaction of the app's. The record of what ran
//!   is in `sync_log_migrations`, apart from the app's `seaql_migrations`.
//! - `migrations()`, to splice into the list of the app's own migrator.
//!
//! [`SyncDb::open`](crate::SyncDb::open) takes a file whose tables were made through either of
//! them: no statement of a migration has an effect where its work is done.
//!
//! A `fresh()` of the app's own migrator drops every table of the database that it runs on,
//! and with these tables the changes that are pending in them.

mod m0001_original_tables;
mod m0002_log_tables;
mod m0003_adoption;
mod m0004_chain;
mod m0005_verdicts;
#[cfg(feature = "migrator")]
mod migrator;
mod run;
mod schema;
mod step;

pub(crate) use m0001_original_tables::make as original_tables;
#[cfg(feature = "migrator")]
pub use migrator::{Migrator, migrations};
pub use run::MIGRATION_TABLE;
pub(crate) use run::{MIGRATIONS, applied, up};
pub(crate) use step::run_all;
