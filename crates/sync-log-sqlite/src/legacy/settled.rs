//! The settled stamp of a log that imports changes from before it was made.
//!
//! Up to its settled stamp, a log refuses every entry that it does not hold, because an earlier log
//! of this device may have issued that stamp (`A1`). An import appends exactly such stamps, so it
//! moves the settled stamp. At its end it settles the log again: stamps of a lost log must not
//! count as a sign of a clone (`H7`).
//!
//! The log begins without a floor. A legacy log never deleted anything, so it holds every change
//! that this device recorded, and peers may start at zero.

use sync_log_core::{Hlc, LogError};

use crate::open::SyncDb;

/// Allows appends above `head`, if that is the head of the log and nothing was pruned.
pub(super) async fn lift(log: &SyncDb, head: Hlc) -> Result<(), LogError> {
    let lifted = log.settle(move |state| {
        let is_as_compared = state.head.hlc == head && state.floor.hlc.is_zero();
        if is_as_compared {
            Hlc::ZERO
        } else {
            state.settled
        }
    });
    lifted.await
}

/// Settles the log at its high-water, if it was lifted.
pub(super) async fn settle(log: &SyncDb) -> Result<(), LogError> {
    let settled = log.settle(|state| {
        if state.settled.is_zero() {
            state.high_water
        } else {
            state.settled
        }
    });
    settled.await
}
