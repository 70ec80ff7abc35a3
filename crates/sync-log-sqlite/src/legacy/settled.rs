//! The settled stamp of a log that imports changes from before it was made.
//!
//! Up to its settled stamp, a log refuses every entry that it does not hold, because an earlier log
//! of this device may have issued that stamp (`A1`). An import appends exactly such stamps, so it
//! moves the settled stamp. At its end it settles the log again: stamps of a lost log must not
//! count as a sign of a clone (`H7`).
//!
//! If the import takes every change of this device, the log begins without a floor: a legacy log never
//! deleted anything, so peers may start at zero. If a row is left out, the log begins with a floor, so that
//! every peer takes a snapshot, which has what the row said (`R2`).

use sync_log_core::{Hlc, LogError, Mark, Tag};

use crate::open::SyncDb;

/// Allows appends above `head`, if that is the head of the log and nothing was pruned. A log that is still
/// empty begins at `begin` from then on.
pub(super) async fn lift(log: &SyncDb, head: Hlc, begin: Hlc) -> Result<(), LogError> {
    let lifted = log.settle(move |state| {
        if state.head.hlc != head || state.floor.hlc > begin {
            return;
        }
        state.settled = Hlc::ZERO;
        if head.is_zero() && !begin.is_zero() {
            let begin = Mark {
                hlc: begin,
                tag: Tag::ZERO,
            };
            state.head = begin;
            state.floor = begin;
        }
    });
    lifted.await
}

/// Settles the log at its high-water, if it was lifted.
pub(super) async fn settle(log: &SyncDb) -> Result<(), LogError> {
    let settled = log.settle(|state| {
        if state.settled.is_zero() {
            state.settled = state.high_water;
        }
    });
    settled.await
}
