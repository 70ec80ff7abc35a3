//! What a decision has seen of the receiver's tables, and what it still has to see.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Tie;
use super::record::RecordId;
use super::standing::Record;

/// What was looked up so far, in one transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    records: BTreeMap<RecordId, Option<Record>>,
    tied: BTreeMap<Tie, BTreeSet<RecordId>>,
}

/// What has to be looked up before a decision can continue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Records of which the version and the standing are wanted.
    pub records: BTreeSet<RecordId>,
    /// Ties of which all records are wanted.
    pub ties: BTreeSet<Tie>,
}

/// What was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The records that are stored.
    pub records: Vec<(RecordId, Record)>,
    /// The records that are tied.
    pub tied: Vec<(Tie, RecordId)>,
}

impl Seen {
    /// Adds what was found for `wanted`. If a record was not found, no change of it was ever applied.
    pub(super) fn add(&mut self, wanted: &Wanted, found: Found) {
        for id in &wanted.records {
            self.records.insert(id.clone(), None);
        }
        for (id, record) in found.records {
            self.records.insert(id, Some(record));
        }
        for tie in &wanted.ties {
            self.tied.entry(tie.clone()).or_default();
        }
        for (tie, id) in found.tied {
            self.tied.entry(tie).or_default().insert(id);
        }
    }

    /// The records among `ids` that were not looked up.
    pub(super) fn unknown(&self, ids: impl Iterator<Item = RecordId>) -> BTreeSet<RecordId> {
        ids.filter(|id| !self.records.contains_key(id)).collect()
    }

    /// The record as it is stored: `None` if it was not looked up, `Some(None)` if no change of it was
    /// ever applied.
    pub(super) fn record(&self, id: &RecordId) -> Option<Option<&Record>> {
        self.records.get(id).map(Option::as_ref)
    }

    /// The stored records that this tie ties; `None` if the tie was not looked up.
    pub(super) fn tied(&self, tie: &Tie) -> Option<&BTreeSet<RecordId>> {
        self.tied.get(tie)
    }
}

impl Wanted {
    /// Whether nothing more has to be looked up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.ties.is_empty()
    }
}
