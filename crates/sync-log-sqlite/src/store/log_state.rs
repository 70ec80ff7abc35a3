//! Reads the state of a log over an app's own connection or in its transaction.

use sea_orm::ConnectionTrait;
use sync_log_core::{LogState, StoreError};

use crate::driver::Over;
use crate::store::select;

/// Reads the state of a log whose tables are in the app's database, or in a `sync.db` to which the
/// app has connected. In a transaction, it returns the state that the transaction sees.
///
/// The methods of an open [`SyncDb`](crate::SyncDb) return the same values.
///
/// # Errors
/// A [`StoreError`] with the fault [`Corrupt`](crate::StoreFault::Corrupt) names the row and column
/// that cannot be read, or says that there is no row, because no [`SyncDb`](crate::SyncDb) has
/// opened this log yet. Any other [`StoreError`] means that the database cannot be read.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub async fn log_state<C: ConnectionTrait>(db: &C) -> Result<LogState, StoreError> {
    select::state(&Over(db)).await
}
