//! How the tables are made.
//!
//! [`SyncDb::open`](crate::SyncDb::open) makes missing tables by itself. An app that keeps the
//! log's tables beside its own can make them in two other ways, both behind the feature `migrator`,
//! which is on by default:
//!
//! - `Migrator::up` on a connection or in a transaction of the app's. The record of what ran
//!   is in `sync_log_migrations`, apart from the app's `seaql_migrations`.
//! - `migrations()`, to splice into the list of the app's own migrator.
//!
//! [`SyncDb::open`](crate::SyncDb::open) accepts a file whose tables were made in either way: a
//! migration whose work is done changes nothing.
//!
//! The tables of a receiver are in the app's own database. They have a list of their own,
//! `records_migrations()`, and a migrator of their own, `RecordsMigrator`, whose record is in
//! `sync_log_records_migrations`; [`records::make_tables`](crate::records::make_tables) makes them
//! without the feature, too.
//!
//! A `fresh()` of the app's own migrator drops every table of its database, including these tables
//! and their pending changes.

mod m0001_original_tables;
mod m0002_log_tables;
mod m0003_adoption;
mod m0004_chain;
mod m0005_verdicts;
mod m0006_with_records;
#[cfg(feature = "migrator")]
mod migrator;
mod records_0001_versions;
mod records_0002_receiver;
mod records_0003_origins;
mod run;
mod schema;
mod step;

pub(crate) use m0001_original_tables::make as original_tables;
#[cfg(feature = "migrator")]
pub use migrator::{Migrator, RecordsMigrator, migrations, records_migrations};
pub(crate) use run::{LOG, MIGRATIONS, RECORDS, RECORDS_MIGRATIONS};
pub use run::{MIGRATION_TABLE, RECORDS_MIGRATION_TABLE};
pub(crate) use step::run_all;
