//! The record store in a transaction of the app's database.

use sea_orm::DatabaseTransaction;
use sync_log_core::StoreError;
use sync_log_core::receive::{Found, Move, RecordId, RecordStore, RecordWrite, Wanted};

use super::registered::RegisteredModels;
use super::{change, versions};
use crate::driver::Over;

/// A receiver's tables and the app's tables, inside one transaction of the app's database.
///
/// Pass a transaction that has the write lock and defers foreign keys, as [`begin`](super::begin)
/// makes it. Commit the transaction if all calls were `Ok`.
pub struct Records<'a> {
    txn: &'a DatabaseTransaction,
    models: &'a RegisteredModels,
}

impl<'a> Records<'a> {
    /// The records of these models, in this transaction.
    #[must_use]
    pub const fn new(txn: &'a DatabaseTransaction, models: &'a RegisteredModels) -> Self {
        Self { txn, models }
    }
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut records = f.debug_struct("Records");
        records
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}

impl RecordStore for Records<'_> {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        versions::look_up(&Over(self.txn), wanted).await
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        versions::write(&Over(self.txn), records).await
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        change::change(self.txn, self.models, steps).await
    }
}
