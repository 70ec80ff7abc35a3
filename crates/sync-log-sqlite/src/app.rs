//! What an app does over a connection or in a transaction of its own.

use sea_orm::ConnectionTrait;
use sync_log_core::{LogState, StoreError};

use crate::driver::Over;
use crate::store::select;

/// Reads where the log stands whose tables are in the app's database, or in a `sync.db` that
/// the app has connected to. In a transaction it is what that transaction sees.
///
/// An open [`SyncDb`](crate::SyncDb) answers the same by its methods.
///
/// # Errors
/// A [`StoreError`] of the kind `Corrupt` names the row and column that cannot be read, or
/// says that there is no row: no [`SyncDb`](crate::SyncDb) has opened this log yet.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn log_state<C: ConnectionTrait>(db: &C) -> Result<LogState, StoreError> {
    select::state(&Over(db)).await
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseTransaction;
    use sync_log_core::WriteJob;

    use super::*;
    use crate::store::apply::Shared;

    fn is_send(_: impl Send) {}

    /// Compiled, and never run: here is no driver.
    fn spawned(txn: &'static DatabaseTransaction, mut job: WriteJob) {
        is_send(async move {
            let db = Over(txn);
            let mut shared = Shared::begin(&db, false).await?;
            let outcome = shared.run(&mut job).await?;
            shared.finish().await.map(|()| outcome)
        });
    }

    #[test]
    fn a_job_can_be_spawned_with_an_apps_transaction() {
        let _ = spawned;
    }
}
