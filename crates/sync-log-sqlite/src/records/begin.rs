//! Makes the receiver's tables, and begins transactions in which records are merged.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sync_log_core::{StoreError, SystemClock, WallClock};

use super::error::RecordsError;
use crate::driver::failure::failed;
use crate::driver::raw::app;
use crate::driver::raw::pragma::DEFER_FOREIGN_KEYS;
use crate::driver::raw::schema::SPLICED_RECORDS;
use crate::driver::{Over, Port, tables, texts};
use crate::migration::{RECORDS, RECORDS_MIGRATION_TABLE, RECORDS_MIGRATIONS};

/// Begins a transaction for [`Records`](super::Records): it has the write lock, and foreign keys are
/// checked at the commit.
///
/// A transaction that reads first and takes the lock later would fail if another writer was faster. It
/// would fail at once, whatever the busy timeout says.
///
/// # Errors
/// [`StoreFault::Locked`](crate::StoreFault::Locked) if another writer held the lock for longer than
/// the app's driver waits: try again.
pub async fn begin<C>(db: &C) -> Result<DatabaseTransaction, StoreError>
where
    C: TransactionTrait<Transaction = DatabaseTransaction>,
{
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let begun = db.begin_with_options(options).await;
    let txn = begun.map_err(|error| failed("take the write lock", error))?;
    Over(&txn).run(&DEFER_FOREIGN_KEYS, &[]).await?;
    Ok(txn)
}

/// Makes the receiver's tables in the app's database where they are missing. An app whose own migrator
/// has `migration::records_migrations` in its list need not call this function.
///
/// # Errors
/// [`RecordsError::SchemaTooNew`] if a newer program made the tables, [`RecordsError::Storage`].
pub async fn make_tables<C: ConnectionTrait>(db: &C) -> Result<(), RecordsError> {
    make_over(&Over(db)).await
}

pub(super) async fn make_over(db: &impl Port) -> Result<(), RecordsError> {
    let mut applied = Vec::new();
    if tables::has(db, app::MIGRATIONS).await? {
        applied = texts(db, &SPLICED_RECORDS, &[], (app::MIGRATIONS, "version")).await?;
    }
    if tables::has(db, RECORDS_MIGRATION_TABLE).await? {
        applied.extend(RECORDS.applied(db).await?);
    }
    let is_known = |name: &String| RECORDS_MIGRATIONS.iter().any(|known| known.name == *name);
    applied.retain(|name| !is_known(name));
    if !applied.is_empty() {
        return Err(RecordsError::SchemaTooNew { unknown: applied });
    }
    let now_ms = SystemClock.now_ms();
    Ok(RECORDS.up(db, now_ms).await?)
}
