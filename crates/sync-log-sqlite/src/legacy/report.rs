//! The report of an import.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use sync_log_core::DeviceId;

/// How many sequence numbers a [`NotTaken`] names at most.
pub const SEQUENCES_MAX: usize = 10;

/// How many devices [`ImportReport::others`] names at most.
pub const OTHERS_MAX: usize = 100;

/// What an import took, what it left out, and why. The numbers account for every row: `rows` is the
/// sum of all others except `redated`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// How many rows the legacy log has.
    pub rows: u64,
    /// How many changes the import took, or would take.
    pub taken: u64,
    /// How many changes an earlier run had taken.
    pub there: u64,
    /// How many of these changes had no valid time of their own, and are dated by their position in
    /// the order.
    pub redated: u64,
    /// How many rows are markers of bulk inserts. A marker says that many rows came, but not which,
    /// so it has no change to take.
    pub markers: u64,
    /// How many rows are of other devices, for the first [`OTHERS_MAX`] devices. Each device
    /// imports its own rows.
    pub others: BTreeMap<DeviceId, u64>,
    /// How many rows are of further devices.
    pub more_others: u64,
    /// The rows of this device that cannot be taken, and the rows that cannot be read, by reason.
    pub not_taken: Vec<NotTaken>,
}

/// Rows that were not taken for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotTaken {
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub rows: u64,
    /// The sequence numbers of the first of these rows.
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
