//! The log's tables in a database of the app's own, beside the app's migrations: each keeps
//! its record of what ran in a table of its own.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbErr, Statement, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use sync_log_sqlite::migration;

struct Tags;

impl MigrationName for Tags {
    fn name(&self) -> &str {
        "m0001_tags"
    }
}

#[async_trait::async_trait]
#[allow(elided_lifetimes_in_paths, reason = "the trait leaves it out")]
impl MigrationTrait for Tags {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tags = "CREATE TABLE tags (uuid TEXT PRIMARY KEY, name TEXT NOT NULL)";
        manager
            .get_connection()
            .execute_unprepared(tags)
            .await
            .map(drop)
    }
}

struct AppMigrator;

impl MigratorTrait for AppMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Tags)]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.sqlx_logging(false); // otherwise every statement is logged at INFO
    let db = Database::connect(options).await?;

    // In one transaction, if the app likes: all tables are there, or none.
    let txn = db.begin().await?;
    AppMigrator::up(&txn, None).await?;
    migration::Migrator::up(&txn, None).await?;
    txn.commit().await?;

    // The next release of the app runs both again, in any order.
    migration::Migrator::up(&db, None).await?;
    AppMigrator::up(&db, None).await?;

    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    for row in db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await?
    {
        println!("{}", row.try_get_by_index::<String>(0)?);
    }
    Ok(())
}
