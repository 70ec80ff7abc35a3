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
mod schema;

use std::sync::LazyLock;

use sea_orm::{EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{StoreError, StoreErrorKind};

use crate::driver::build::{count_rows, insert};
use crate::driver::raw::catalogue::INDEXED;
use crate::driver::tables::columns;
use crate::driver::{Port, Template, texts};
use crate::entity::migrations;

pub(crate) use m0001_original_tables::make as original_tables;
#[cfg(feature = "migrator")]
pub use migrator::{Migrator, migrations};

/// Name of the table that records which migrations ran.
pub const MIGRATION_TABLE: &str = "sync_log_migrations";

/// A step in the history of the tables. Steps are only ever added.
pub(crate) struct Migration {
    /// What it is recorded as.
    pub(crate) name: &'static str,
    /// The tables that it makes.
    owns: fn() -> Vec<Owned>,
    /// Its statements. None has an effect where its work is done.
    make: fn() -> Vec<Template>,
    /// Columns that it adds to tables of earlier steps, where they are not there.
    adds: fn() -> Vec<Added>,
    /// Statements that fill columns which were added, where they are not filled.
    fill: fn() -> Vec<Template>,
    #[cfg_attr(not(feature = "migrator"), allow(dead_code, reason = "to go down"))]
    remove: fn() -> Vec<Template>,
    /// Counts of what would be lost with the tables, and what that is called.
    #[cfg_attr(not(feature = "migrator"), allow(dead_code, reason = "to go down"))]
    keeps: fn() -> Vec<(Template, &'static str)>,
}

/// A table of a migration's own.
pub(crate) struct Owned {
    table: &'static str,
    columns: Vec<&'static str>,
    /// Whether later migrations add columns.
    grows: bool,
    indexes: &'static [&'static str],
}

/// A column that a migration adds to a table.
pub(crate) struct Added {
    table: &'static str,
    column: &'static str,
    add: Template,
}

/// All migrations, in order.
pub(crate) const MIGRATIONS: [Migration; 5] = [
    m0001_original_tables::MIGRATION,
    m0002_log_tables::MIGRATION,
    m0003_adoption::MIGRATION,
    m0004_chain::MIGRATION,
    m0005_verdicts::MIGRATION,
];

impl Migration {
    async fn up(&self, db: &impl Port) -> Result<(), StoreError> {
        self.refuse_others(db).await?;
        run_all((self.make)(), db).await?;
        for Added { table, column, add } in (self.adds)() {
            if !columns(db, table).await?.iter().any(|name| name == column) {
                db.run(&add, &[]).await?;
            }
        }
        run_all((self.fill)(), db).await
    }

    /// Refuses where a table or an index has the name of one of these, and is another
    /// program's: statements that make what is not there would take it for ours.
    async fn refuse_others(&self, db: &impl Port) -> Result<(), StoreError> {
        for owned in (self.owns)() {
            let table = owned.table;
            let other = |what: &str| {
                let doing = format!("make table {table}: {what}");
                StoreError::new(StoreErrorKind::Corrupt, doing)
            };
            let found = columns(db, table).await?;
            let has = |column: &&str| found.iter().any(|name| name == *column);
            let fits = owned.columns.iter().all(has)
                && (owned.grows || found.len() == owned.columns.len());
            if !found.is_empty() && !fits {
                return Err(other("there is one with other columns"));
            }
            for index in owned.indexes {
                let name = [(*index).into()];
                let on = texts(db, &INDEXED, &name, ("sqlite_master", "tbl_name")).await?;
                if on.iter().any(|on| on != table) {
                    return Err(other(&format!("index {index} is on another table")));
                }
            }
        }
        Ok(())
    }
}

/// Runs statements that take no arguments.
pub(crate) async fn run_all(
    statements: impl IntoIterator<Item = Template>,
    db: &impl Port,
) -> Result<(), StoreError> {
    for statement in statements {
        db.run(&statement, &[]).await?;
    }
    Ok(())
}

/// Runs what is not on record, and records it; `now_ms` is the wall clock.
pub(crate) async fn up(db: &impl Port, now_ms: i64) -> Result<(), StoreError> {
    run_all([schema::migrations()], db).await?;
    let applied = applied(db).await?;
    for migration in &MIGRATIONS {
        if !applied.iter().any(|name| name == migration.name) {
            migration.up(db).await?;
            let record = [migration.name.into(), (now_ms / 1000).into()];
            db.run(&RECORD, &record).await?;
        }
    }
    Ok(())
}

/// The migrations that are on record, where there is a table for it.
pub(crate) async fn applied(db: &impl Port) -> Result<Vec<String>, StoreError> {
    texts(db, &APPLIED, &[], (MIGRATION_TABLE, "version")).await
}

static APPLIED: LazyLock<Template> = LazyLock::new(|| {
    let query = migrations::Entity::find()
        .select_only()
        .column(migrations::Column::Version);
    Template::build("look at the file", &query.into_query())
});

/// Arguments: the name, and when in seconds.
static RECORD: LazyLock<Template> = LazyLock::new(|| {
    use migrations::Column::{AppliedAt, Version};
    let record = insert::<migrations::Entity>(&[Version, AppliedAt]);
    Template::build("record a migration", &record)
});

/// How many rows a table has.
fn count<E: EntityTrait>() -> Template {
    let mut query = E::find().select_only().into_query();
    query.expr(count_rows());
    Template::build("count what would be lost", &query)
}
