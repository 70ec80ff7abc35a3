//! How the tables are made.
//!
//! Three doors. [`SyncDb::open`](crate::SyncDb::open) runs [`Migrator`] by
//! itself. An app can run `Migrator::up` on its connection or inside its
//! transaction: the record of what ran is in `sync_log_migrations`, apart from the
//! app's `seaql_migrations`. Or it can splice [`migrations`] into the list of its
//! own migrator. Then the record is in `seaql_migrations`, where
//! [`SyncDb::open`](crate::SyncDb::open) does not look: it would make the tables
//! again, fails, and leaves the file as it was.
//!
//! A `fresh()` of the app's own migrator drops every table of the database it
//! runs on, these included: the pending changes in them are then lost.

mod m0001_original_tables;
mod m0002_log_tables;
mod m0003_adoption;

use sea_orm::{DynIden, sea_query::IntoIden};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub(crate) use m0001_original_tables::{NAME as ORIGINAL_TABLES, missing};
pub(crate) use m0003_adoption::{DROP_TRIGGERS, TRIGGERS, TRIGGERS_ARE_MISSING};

/// Name of the table that records which migrations ran.
pub const MIGRATION_TABLE: &str = "sync_log_migrations";

/// Makes and removes the tables of a log.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

/// All migrations, in order. Only ever added to.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m0001_original_tables::Migration),
        Box::new(m0002_log_tables::Migration),
        Box::new(m0003_adoption::Migration),
    ]
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }

    fn migration_table_name() -> DynIden {
        MIGRATION_TABLE.into_iden()
    }
}
