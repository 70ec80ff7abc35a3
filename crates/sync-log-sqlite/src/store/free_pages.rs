//! Gives pages that hold nothing back to the file system.

use rusqlite::Connection;
use sync_log_core::StoreError;

use crate::driver::raw::pragma::{FREE_PAGES, GIVE_PAGES_BACK};
use crate::driver::{Busy, Port, all, in_place, number};

/// Gives some free pages back to the file system, and says whether there may be more. This is only
/// housekeeping: it does not wait for a lock, and after a failure it waits for the next write.
pub(super) fn give_back(db: &Connection, busy: Busy) -> bool {
    let outcome = Busy::NOT.set(db).and_then(|()| in_place(vacuum(db)));
    if let Err(error) = busy.set(db) {
        tracing::warn!(%error, "failed to restore the busy timeout");
    }
    outcome.unwrap_or_else(|error| {
        tracing::debug!(%error, "failed to give free pages back");
        false
    })
}

async fn vacuum(db: &impl Port) -> Result<bool, StoreError> {
    if number(db, &FREE_PAGES, &[]).await? == 0 {
        return Ok(false);
    }
    let pages = all(db, &GIVE_PAGES_BACK, &[], |_| Ok(())).await?;
    Ok(!pages.is_empty())
}
