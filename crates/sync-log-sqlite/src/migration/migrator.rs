//! The migrations in the form that SeaORM's migrator runs.

use sea_orm::sea_query::IntoIden;
use sea_orm::{DbErr, DynIden};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use sync_log_core::StoreError;

use super::run::{MIGRATION_TABLE, MIGRATIONS, RECORDS_MIGRATION_TABLE, RECORDS_MIGRATIONS};
use super::step::{Migration, run_all};
use crate::driver::{Over, number};

/// Makes and removes the tables of a log.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

/// Makes and removes the tables of a receiver.
#[derive(Debug, Clone, Copy)]
pub struct RecordsMigrator;

/// Returns all migrations of a log, in order. A later version only adds migrations at the end.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    boxed(MIGRATIONS)
}

/// Returns all migrations of a receiver's tables, in order. A later version only adds migrations at
/// the end.
#[must_use]
pub fn records_migrations() -> Vec<Box<dyn MigrationTrait>> {
    boxed(RECORDS_MIGRATIONS)
}

fn boxed(list: impl IntoIterator<Item = Migration>) -> Vec<Box<dyn MigrationTrait>> {
    let migrations = list.into_iter();
    migrations
        .map(|migration| Box::new(migration) as _)
        .collect()
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

#[async_trait::async_trait]
impl MigratorTrait for RecordsMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        records_migrations()
    }

    fn migration_table_name() -> DynIden {
        RECORDS_MIGRATION_TABLE.into_iden()
    }
}

impl MigrationName for Migration {
    fn name(&self) -> &str {
        self.name
    }
}

// `async_trait` treats `SchemaManager` and `SchemaManager<'_>` differently, and the trait has
// the former.
#[allow(elided_lifetimes_in_paths)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let done = Migration::up(self, &Over(manager.get_connection())).await;
        done.map_err(db_err)
    }

    /// Refuses while an entry is pending, a row is aside, or a record has a version.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Over(manager.get_connection());
        self.refuse_others(&db).await.map_err(db_err)?;
        for (count, what) in (self.keeps)() {
            let rows = number(&db, &count, &[]).await.map_err(db_err)?;
            if rows > 0 {
                let text = format!("failed to remove the sync log: {rows} {what}");
                return Err(DbErr::Migration(text));
            }
        }
        run_all((self.remove)(), &db).await.map_err(db_err)
    }
}

/// The driver's own error where it is one, so that callers find its code.
fn db_err(error: StoreError) -> DbErr {
    let driver = error.source_as::<DbErr>().cloned();
    driver.unwrap_or_else(|| DbErr::Migration(error.to_string()))
}
