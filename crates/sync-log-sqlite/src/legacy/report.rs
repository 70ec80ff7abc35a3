//! What an import took, and what it did not, and why.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_log_core::Uuid;

/// How many sequence numbers a [`NotTaken`] names at most.
pub const SEQUENCES_MAX: usize = 10;

/// What an import took, and what it did not, and why. The numbers add up:
/// `rows` is the sum of all others but `redated`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// Rows of the old log.
    pub rows: u64,
    /// Changes that were taken, or would be.
    pub taken: u64,
    /// Changes that an earlier run had taken.
    pub there: u64,
    /// Of both: changes whose own time cannot be one, which are dated by their place
    /// in the order.
    pub redated: u64,
    /// Markers of bulk inserts: they say that many rows came, and not which, so there
    /// is no change to take.
    pub markers: u64,
    /// Rows of other devices, by device: each takes its own.
    pub others: BTreeMap<Uuid, u64>,
    /// Rows that cannot be read, by reason.
    pub unreadable: Vec<NotTaken>,
}

/// Rows that were not taken for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotTaken {
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub rows: u64,
    /// The sequence numbers of the first of them.
    pub sequences: Vec<i64>,
}

impl ImportReport {
    pub(super) fn note_unreadable(&mut self, reason: &'static str, sequence: i64) {
        let known = self.unreadable.iter().position(|it| it.reason == reason);
        let index = known.unwrap_or_else(|| {
            self.unreadable.push(NotTaken {
                reason,
                rows: 0,
                sequences: Vec::new(),
            });
            self.unreadable.len() - 1
        });
        let not_taken = &mut self.unreadable[index];
        not_taken.rows += 1;
        if not_taken.sequences.len() < SEQUENCES_MAX {
            not_taken.sequences.push(sequence);
        }
    }
}
