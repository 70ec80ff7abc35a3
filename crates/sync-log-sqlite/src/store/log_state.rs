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
