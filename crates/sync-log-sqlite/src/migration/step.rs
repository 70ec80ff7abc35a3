//! A step in the history of the tables.

use sea_orm::{EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{StoreError, StoreFault};

use crate::driver::build::count_rows;
use crate::driver::raw::catalogue::INDEXED;
use crate::driver::tables::columns;
use crate::driver::{Port, Template, texts};

/// A step in the history of the tables. Steps are only ever added.
pub(crate) struct Migration {
    /// The name under which it is recorded.
    pub(crate) name: &'static str,
    /// The tables that it makes.
    pub(super) owns: fn() -> Vec<Owned>,
    /// Its statements. A statement whose work is done has no effect.
    pub(super) make: fn() -> Vec<Template>,
    /// Columns that it adds to tables of earlier steps, where they are not there.
    pub(super) adds: fn() -> Vec<Added>,
    /// Statements that fill columns which were added, where they are not filled.
    pub(super) fill: fn() -> Vec<Template>,
    #[cfg_attr(not(feature = "migrator"), allow(dead_code, reason = "to go down"))]
    pub(super) remove: fn() -> Vec<Template>,
    /// Counts of the rows that would be lost with the tables, and a name for these rows.
    #[cfg_attr(not(feature = "migrator"), allow(dead_code, reason = "to go down"))]
    pub(super) keeps: fn() -> Vec<(Template, &'static str)>,
}

/// A table of a migration's own.
pub(crate) struct Owned {
    pub(super) table: &'static str,
    pub(super) columns: Vec<&'static str>,
    /// Whether later migrations add columns.
    pub(super) grows: bool,
    pub(super) indexes: &'static [&'static str],
}

/// A column that a migration adds to a table.
pub(crate) struct Added {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    pub(super) add: Template,
}

impl Migration {
    pub(super) async fn up(&self, db: &impl Port) -> Result<(), StoreError> {
        self.refuse_others(db).await?;
        run_all((self.make)(), db).await?;
        for Added { table, column, add } in (self.adds)() {
            if !columns(db, table).await?.iter().any(|name| name == column) {
                db.run(&add, &[]).await?;
            }
        }
        run_all((self.fill)(), db).await
    }

    /// Refuses a database in which a table or an index of another program has one of these names:
    /// statements that make missing tables would take it for ours.
    pub(super) async fn refuse_others(&self, db: &impl Port) -> Result<(), StoreError> {
        for owned in (self.owns)() {
            let table = owned.table;
            let other = |what: &str| {
                let doing = format!("make table {table}: {what}");
                StoreError::new(StoreFault::Corrupt, doing)
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

/// How many rows a table has.
pub(super) fn count<E: EntityTrait>() -> Template {
    let mut query = E::find().select_only().into_query();
    query.expr(count_rows());
    Template::build("count what would be lost", &query)
}
