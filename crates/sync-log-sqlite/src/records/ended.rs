//! Transactions that a constraint of the app's tables has ended.

use sync_log_core::{StoreError, StoreFault};

use crate::driver::Port;
use crate::driver::raw::transaction::{BEGIN, ROLLBACK};

/// A constraint can end the whole transaction, as `ON CONFLICT ROLLBACK` does. What was written after that
/// would be committed by itself.
pub(super) async fn refuse_ended(db: &impl Port) -> Result<(), StoreError> {
    // SQLite refuses to begin a transaction in another one.
    if db.run(&BEGIN, &[]).await.is_err() {
        return Ok(());
    }
    let _ = db.run(&ROLLBACK, &[]).await;
    let doing = "show records: a constraint or a trigger of the app's tables ended the transaction";
    Err(StoreError::new(StoreFault::Io, doing))
}
