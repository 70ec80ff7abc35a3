//! Gives pages that hold nothing back to the file system.

use rusqlite::Connection;
use sync_log_core::StoreError;

use crate::driver::raw::pragma::{FREE_PAGES, GIVE_PAGES_BACK, PAGES, SET_AUTO_VACUUM};
use crate::driver::raw::transaction::REBUILD;
use crate::driver::{Busy, Port, all, first, in_place, number};

/// How many pages with content a file may have that is rebuilt. They are in memory meanwhile, and
/// then in the `-wal`.
const REBUILT_PAGES: i64 = 4_096;

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
    let free = number(db, &FREE_PAGES, &[]).await?;
    if free == 0 {
        return Ok(false);
    }
    let given_back = all(db, &GIVE_PAGES_BACK, &[], |_| Ok(())).await?;
    if given_back.is_empty() {
        rebuild_if_mostly_free(db, free).await?;
    }
    Ok(!given_back.is_empty())
}

/// Rebuilds a file from which SQLite gives no pages back. Whether it does is decided before a file
/// has its first table, so an adopted file keeps what the other program chose until it is rebuilt.
/// This waits until most of the file is free, because what is not free is copied.
async fn rebuild_if_mostly_free(db: &impl Port, free: i64) -> Result<(), StoreError> {
    let used = number(db, &PAGES, &[]).await? - free;
    if used > free.min(REBUILT_PAGES) {
        return Ok(());
    }
    first(db, &SET_AUTO_VACUUM, &[], |_| Ok(())).await?;
    db.run(&REBUILD, &[]).await.map(drop)
}
