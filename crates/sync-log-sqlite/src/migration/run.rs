//! Which migrations there are, and which of them ran on a file.

use std::sync::LazyLock;

use sea_orm::{EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::StoreError;

use super::step::{Migration, run_all};
use super::{
    m0001_original_tables, m0002_log_tables, m0003_adoption, m0004_chain, m0005_verdicts, schema,
};
use crate::driver::build::insert;
use crate::driver::{Port, Template, texts};
use crate::entity::migrations;

/// Name of the table that records which migrations ran.
pub const MIGRATION_TABLE: &str = "sync_log_migrations";

/// All migrations, in order.
pub(crate) const MIGRATIONS: [Migration; 5] = [
    m0001_original_tables::MIGRATION,
    m0002_log_tables::MIGRATION,
    m0003_adoption::MIGRATION,
    m0004_chain::MIGRATION,
    m0005_verdicts::MIGRATION,
];

/// Runs the migrations that are not on record, and records them; `now_ms` is the time of the wall
/// clock.
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
