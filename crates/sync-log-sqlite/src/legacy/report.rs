//! What an import took, and what it did not, and why.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use sync_log_core::DeviceId;

/// How many sequence numbers a [`NotTaken`] names at most.
pub const SEQUENCES_MAX: usize = 10;

/// How many devices [`ImportReport::others`] names at most.
pub const OTHERS_MAX: usize = 100;

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
    /// Rows of other devices, by device, for the first [`OTHERS_MAX`]: each takes its
    /// own.
    pub others: BTreeMap<DeviceId, u64>,
    /// Rows of devices beyond those.
    pub more_others: u64,
    /// Rows of the device that cannot be taken, and rows that cannot be read, by reason.
    pub not_taken: Vec<NotTaken>,
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
    pub(super) fn note_other(&mut self, device: DeviceId) {
        let is_full = self.others.len() >= OTHERS_MAX;
        match self.others.entry(device) {
            Entry::Vacant(_) if is_full => self.more_others += 1,
            entry => *entry.or_default() += 1,
        }
    }

    pub(super) fn note_not_taken(&mut self, reason: &'static str, sequence: i64) {
        let known = self.not_taken.iter().position(|it| it.reason == reason);
        let index = known.unwrap_or_else(|| {
            self.not_taken.push(NotTaken {
                reason,
                rows: 0,
                sequences: Vec::new(),
            });
            self.not_taken.len() - 1
        });
        let not_taken = &mut self.not_taken[index];
        not_taken.rows += 1;
        if not_taken.sequences.len() < SEQUENCES_MAX {
            not_taken.sequences.push(sequence);
        }
    }
}
