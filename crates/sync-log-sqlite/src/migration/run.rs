//! Which migrations there are, and which of them ran on a file.

use sea_orm::sea_query::Query;
use sync_log_core::StoreError;

use super::schema::{APPLIED_AT, VERSION};
use super::step::{Migration, run_all};
use super::{
    m0001_original_tables, m0002_log_tables, m0003_adoption, m0004_chain, m0005_verdicts,
    m0006_with_records, records_0001_versions, records_0002_receiver, records_0003_origins, schema,
};
use crate::driver::{Port, Template, argument, texts};

/// Name of the table that records which migrations of a log ran.
pub const MIGRATION_TABLE: &str = "sync_log_migrations";

/// Name of the table that records which migrations of a receiver's tables ran.
pub const RECORDS_MIGRATION_TABLE: &str = "sync_log_records_migrations";

/// All migrations of a log, in order.
pub(crate) const MIGRATIONS: [Migration; 6] = [
    m0001_original_tables::MIGRATION,
    m0002_log_tables::MIGRATION,
    m0003_adoption::MIGRATION,
    m0004_chain::MIGRATION,
    m0005_verdicts::MIGRATION,
    m0006_with_records::MIGRATION,
];

/// All migrations of a receiver's tables, in order.
pub(crate) const RECORDS_MIGRATIONS: [Migration; 3] = [
    records_0001_versions::MIGRATION,
    records_0002_receiver::MIGRATION,
    records_0003_origins::MIGRATION,
];

/// The migrations of a log.
pub(crate) const LOG: History = History {
    table: MIGRATION_TABLE,
    migrations: &MIGRATIONS,
};

/// The migrations of a receiver's tables.
pub(crate) const RECORDS: History = History {
    table: RECORDS_MIGRATION_TABLE,
    migrations: &RECORDS_MIGRATIONS,
};

/// Migrations that belong together, and the table that records which of them ran.
pub(crate) struct History {
    table: &'static str,
    migrations: &'static [Migration],
}

impl History {
    /// Runs the migrations that are not on record, and records them; `now_ms` is the time of the
    /// wall clock.
    pub(crate) async fn up(&self, db: &impl Port, now_ms: i64) -> Result<(), StoreError> {
        run_all([schema::migrations(self.table)], db).await?;
        let applied = self.applied(db).await?;
        let record = self.record();
        for migration in self.migrations {
            if !applied.iter().any(|name| name == migration.name) {
                migration.up(db).await?;
                db.run(&record, &[migration.name.into(), (now_ms / 1000).into()])
                    .await?;
            }
        }
        Ok(())
    }

    /// The migrations that are on record, where there is a table for it.
    pub(crate) async fn applied(&self, db: &impl Port) -> Result<Vec<String>, StoreError> {
        let query = Query::select()
            .column((self.table, VERSION))
            .from(self.table)
            .to_owned();
        let applied = Template::build("look at the file", &query);
        texts(db, &applied, &[], (self.table, VERSION)).await
    }

    /// Arguments: the name, and when in seconds.
    fn record(&self) -> Template {
        let record = Query::insert()
            .into_table(self.table)
            .columns([VERSION, APPLIED_AT])
            .values_panic([argument(0).into(), argument(1).into()])
            .to_owned();
        Template::build("record a migration", &record)
    }
}
