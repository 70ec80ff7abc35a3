//! What a transaction does otherwise than it should, by a fault: what it finds, and what becomes of rows.

use std::collections::BTreeSet;

use sync_log_core::receive::{Found, Move, Need, Record, RecordId, Standing, Tie, Wanted};
use sync_log_core::{DeviceId, Hlc};

use super::device::id_of;
use super::fault::AppFault;
use super::release::{Payload, members, references};
use super::rows::Rows;

/// What is wrong with one transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tampering {
    fault: Option<AppFault>,
    /// The device, and the floor of its log.
    own: DeviceId,
    floor: Hlc,
    /// Whether the app has changed rows itself.
    is_own_write: bool,
    /// Whether the next lookup asks which records have arrived.
    asks_what_arrived: bool,
}

impl Tampering {
    pub(crate) fn new(fault: Option<AppFault>, own: DeviceId, floor: Hlc) -> Self {
        Self {
            fault,
            own,
            floor,
            is_own_write: false,
            asks_what_arrived: false,
        }
    }

    pub(crate) fn has(&self, fault: AppFault) -> bool {
        self.fault == Some(fault)
    }

    /// The transaction is that of an own write.
    pub(crate) fn begins_own_write(&mut self) {
        self.is_own_write = true;
    }

    /// The waiting groups were read. The receiver looks up next what they need.
    pub(crate) fn reads_waiting(&mut self) {
        self.asks_what_arrived = true;
    }

    /// What is found in the place of `found`.
    pub(crate) fn found(&mut self, wanted: &Wanted, mut found: Found) -> Found {
        let asks_what_arrived = self.asks_what_arrived && wanted.ties.is_empty();
        self.asks_what_arrived = false;
        let is_unseen = |record: &Record| {
            let is_deleted = record.standing == Standing::Deleted;
            self.has(AppFault::VersionsFromPrunedLog) && self.is_pruned(record)
                || self.has(AppFault::DeletedCountsAsMissing) && asks_what_arrived && is_deleted
        };
        found.records.retain(|(_, record)| !is_unseen(record));
        if self.has(AppFault::OwnDeleteShowsNothing) && self.is_own_write {
            let is_reference = |tie: &Tie| matches!(tie, Tie::Reference(_));
            found.tied.retain(|(tie, _)| is_reference(tie));
        }
        found
    }

    /// Whether the log has no entry of the last change of a record any more.
    fn is_pruned(&self, record: &Record) -> bool {
        let hlc = record.version.source.hlc;
        DeviceId::from(hlc.device_id) == self.own && hlc <= self.floor
    }

    /// The steps that the tables take in the place of `steps`.
    pub(crate) fn steps(&self, tables: &Rows, steps: &[Move]) -> Vec<Move> {
        let lifted = lifted(steps);
        let is_first = self.own == id_of(0);
        let is_left_out = |step: &Move| match step {
            Move::Show(id, payload) if self.has(AppFault::SwapLosesChildren) => {
                let mut needed = needed(id, &members(payload));
                lifted.contains(id) && needed.any(|(to, _)| lifted.contains(&to))
            }
            Move::Hide(id) if self.has(AppFault::RestrictOnOneDevice) && is_first => {
                !lifted.contains(id) && is_restricted(tables, id)
            }
            _ => false,
        };
        let kept = steps.iter().filter(|step| !is_left_out(step));
        kept.cloned().collect()
    }
}

/// The records whose rows are removed and inserted again.
fn lifted(steps: &[Move]) -> BTreeSet<&RecordId> {
    let mut hidden = BTreeSet::new();
    let mut lifted = BTreeSet::new();
    for step in steps {
        match step {
            Move::Hide(id) => {
                hidden.insert(id);
            }
            Move::Show(id, _) if hidden.contains(id) => {
                lifted.insert(id);
            }
            Move::Show(..) => {}
        }
    }
    lifted
}

/// The records to which a row must refer, and how.
fn needed(id: &RecordId, row: &Payload) -> impl Iterator<Item = (RecordId, Need)> + use<> {
    let references = references(&id.model_type, row).into_iter();
    let needed = references.filter(|it| it.need != Need::May);
    needed.map(|it| (it.to, it.need))
}

/// Whether a row must refer to this one, and does not follow it.
fn is_restricted(tables: &Rows, id: &RecordId) -> bool {
    let mut needed = tables.rows.iter().flat_map(|(of, row)| needed(of, row));
    needed.any(|(to, need)| to == *id && need == Need::Must)
}
