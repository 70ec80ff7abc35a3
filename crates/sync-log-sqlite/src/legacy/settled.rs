//! Where a log is settled that takes in what was recorded before it was made.
//!
//! A log refuses what it does not hold up to where it was settled, because an earlier log of this
//! device may have given those stamps out (`A1`). An import brings exactly such stamps. It is
//! settled again at its end: stamps of a lost log stay no sign of a clone (`H7`).
//!
//! The log begins without a floor. An old log never deleted anything, so it holds all that this
//! device recorded, and peers may start at zero.

use sync_log_core::{Hlc, LogError};

use crate::open::SyncDb;

/// Lets entries above `head` in, if that is the head of the log, and nothing of it was pruned.
pub(super) async fn lift(log: &SyncDb, head: Hlc) -> Result<(), LogError> {
    let Some(store) = log.store() else {
        return Ok(());
    };
    let lifted = store.settle(move |state| {
        let is_as_compared = state.head.hlc == head && state.floor.hlc.is_zero();
        if is_as_compared {
            Hlc::ZERO
        } else {
            state.settled
        }
    });
    lifted.await
}

/// Settles the log where it stands, if it was lifted.
pub(super) async fn settle(log: &SyncDb) -> Result<(), LogError> {
    let Some(store) = log.store() else {
        return Ok(());
    };
    let settled = store.settle(|state| {
        if state.settled.is_zero() {
            state.high_water
        } else {
            state.settled
        }
    });
    settled.await
}
