//! Transactions in the app's database.

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sync_log_core::StoreError;

use super::failure::failed;
use super::raw::pragma::DEFER_FOREIGN_KEYS;
use super::raw::transaction::{COMMIT, ROLLBACK, STAND_IN};
use super::{Over, Port, to_its_end};

/// A transaction of this crate's own on a connection of the app's; rolled back unless it is ended.
///
/// The app's driver counts transactions by itself. When SQLite rolls one back, as it does when the disk
/// is full, the driver does not notice, and its next transaction on that connection is a savepoint in
/// one that is never committed. So this ends the transaction in SQLite, and then lets the driver end one
/// that stands in for it.
///
/// The end is a task: a caller that drops the future cannot part the two steps.
#[derive(Debug)]
pub(crate) struct AppTransaction(DatabaseTransaction);

impl AppTransaction {
    /// Begins to read: all statements see what the first one saw.
    pub(crate) async fn read(db: &DatabaseConnection) -> Result<Self, StoreError> {
        let begun = db.begin().await;
        let begun = begun.map_err(|error| failed("begin to read", error))?;
        Ok(Self(begun))
    }

    /// Begins with the write lock. A transaction that reads first and then writes fails at once when
    /// another writer was faster, whatever the busy timeout says.
    pub(crate) async fn write(db: &DatabaseConnection) -> Result<Self, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = db.begin_with_options(options).await;
        let begun = begun.map_err(|error| failed("take the write lock", error))?;
        Ok(Self(begun))
    }

    /// The same, and foreign keys are checked at the commit.
    pub(crate) async fn of_records(db: &DatabaseConnection) -> Result<Self, StoreError> {
        let txn = Self::write(db).await?;
        txn.port().run(&DEFER_FOREIGN_KEYS, &[]).await?;
        Ok(txn)
    }

    /// The transaction as the app's SeaORM sees it. It must not be ended in this way.
    pub(crate) const fn connection(&self) -> &DatabaseTransaction {
        &self.0
    }

    /// What runs statements in it.
    pub(crate) fn port(&self) -> Over<'_, DatabaseTransaction> {
        Over(&self.0)
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        to_its_end("commit", self.commit_here()).await
    }

    async fn commit_here(self) -> Result<(), StoreError> {
        match self.port().run(&COMMIT, &[]).await {
            Ok(_) => {
                self.end().await;
                Ok(())
            }
            Err(error) => {
                self.roll_back_here().await;
                Err(error)
            }
        }
    }

    /// Commits if this is `Ok`, and rolls back otherwise.
    pub(crate) async fn end_with<T, E: From<StoreError>>(
        self,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        match outcome {
            Ok(value) => {
                self.commit().await?;
                Ok(value)
            }
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn roll_back(self) {
        let ended = async {
            self.roll_back_here().await;
            Ok(())
        };
        // If the task ends early, its runtime has ended, and the connection with it.
        let _ = to_its_end("roll back", ended).await;
    }

    async fn roll_back_here(self) {
        // It fails if SQLite has done so by itself.
        let _ = self.port().run(&ROLLBACK, &[]).await;
        self.end().await;
    }

    /// Lets the driver end the transaction, of which nothing is left.
    async fn end(self) {
        let stood_in = self.port().run(&STAND_IN, &[]).await;
        if let Err(error) = stood_in {
            tracing::warn!(%error, "failed to end a transaction");
        }
        if let Err(error) = self.0.commit().await {
            tracing::warn!(%error, "failed to end a transaction");
        }
    }
}
