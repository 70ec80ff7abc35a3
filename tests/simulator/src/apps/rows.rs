//! The app's tables, as strict as those of a database.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sync_log_core::receive::{Move, Need, RecordId};
use sync_log_memory::Tables;

use super::release::{Payload, REFUSAL, Release, members, references, unique_key};

/// The rows of the app's tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub(crate) release: Release,
    pub rows: BTreeMap<RecordId, Payload>,
    /// What a database would have refused on the way.
    pub(crate) broken: Vec<String>,
    /// Whether rows that are to be hidden stay, which is a fault.
    pub(crate) keeps_hidden: bool,
}

impl Tables for Rows {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        let before = self.rows.clone();
        let mut refused = Vec::new();
        for step in steps {
            match step {
                Move::Hide(id) => self.hide(id),
                Move::Show(id, payload) => {
                    let row = self.release.row(&id.model_type, &members(payload));
                    if self.release.refuses(&id.model_type, &row) {
                        refused.push((id.clone(), REFUSAL.to_owned()));
                    } else {
                        self.show(id, row);
                    }
                }
            }
        }
        if !refused.is_empty() {
            self.rows = before;
            self.broken.clear();
        }
        refused
    }
}

impl Rows {
    /// The tables of a release, with these rows.
    pub fn new(release: Release, rows: BTreeMap<RecordId, Payload>) -> Self {
        Self {
            release,
            rows,
            ..Self::default()
        }
    }

    fn hide(&mut self, id: &RecordId) {
        if self.keeps_hidden {
            return;
        }
        let circle = self.referred_from(id);
        if self.rows.remove(id).is_none() {
            return;
        }
        for (other, row) in &self.rows {
            for reference in references(&other.model_type, row) {
                // Of the rows of a circle, one has to go first.
                let is_broken = reference.to == *id
                    && match reference.need {
                        Need::May => self.refuses_without(other, row, &reference.member),
                        Need::Must | Need::Follows => !circle.contains(other),
                    };
                if is_broken {
                    self.broken.push(format!("{id} is hidden before {other}"));
                }
            }
        }
    }

    /// Whether the tables refuse a row once this member of it is empty.
    fn refuses_without(&self, id: &RecordId, row: &Payload, member: &str) -> bool {
        let mut emptied = row.clone();
        emptied.insert(member.to_owned(), Value::Null);
        self.release.refuses(&id.model_type, &emptied)
    }

    /// The records to which a row refers, through however many.
    fn referred_from(&self, id: &RecordId) -> BTreeSet<RecordId> {
        let mut reached = BTreeSet::new();
        let mut next = vec![id.clone()];
        while let Some(from) = next.pop() {
            let row = self.rows.get(&from).into_iter();
            let references = row.flat_map(|row| references(&from.model_type, row));
            next.extend(
                references
                    .map(|it| it.to)
                    .filter(|to| reached.insert(to.clone())),
            );
        }
        reached
    }

    fn show(&mut self, id: &RecordId, row: Payload) {
        if let Some(other) = self.key_holder(id, &row) {
            self.broken.push(format!("{id} has the key of {other}"));
        }
        self.rows.insert(id.clone(), row);
    }

    /// Another row with the same unique key.
    fn key_holder(&self, id: &RecordId, row: &Payload) -> Option<&RecordId> {
        let key = unique_key(&id.model_type, row)?;
        let holds = |(other, its): &(&RecordId, &Payload)| {
            let model = other.model_type.as_str();
            *other != id && model == id.model_type && unique_key(model, its).as_ref() == Some(&key)
        };
        self.rows.iter().find(holds).map(|(other, _)| other)
    }

    /// The app writes a row. Returns whether the database lets it.
    pub(crate) fn save(&mut self, id: &RecordId, row: Payload) -> bool {
        let is_taken = self.key_holder(id, &row).is_some();
        if is_taken || self.release.refuses(&id.model_type, &row) {
            return false;
        }
        self.rows.insert(id.clone(), row);
        true
    }

    /// The app deletes a row. Returns whether the database lets it: a row that another one must refer to
    /// stays. Rows that follow it are deleted with it, and those that may refer to it lose the
    /// reference, as `ON DELETE` says, unless the tables refuse them without it.
    pub(crate) fn delete(&mut self, id: &RecordId) -> bool {
        let mut after = self.clone();
        if after.rows.remove(id).is_none() {
            return false;
        }
        for (other, row) in &self.rows {
            for reference in references(&other.model_type, row) {
                match reference.need {
                    _ if reference.to != *id || other == id => {}
                    Need::Must => return false,
                    Need::Follows if after.rows.contains_key(other) => {
                        if !after.delete(other) {
                            return false;
                        }
                    }
                    Need::Follows => {}
                    Need::May => {
                        if let Some(emptied) = after.rows.get_mut(other) {
                            if self.refuses_without(other, emptied, &reference.member) {
                                return false;
                            }
                            emptied.insert(reference.member, Value::Null);
                        }
                    }
                }
            }
        }
        *self = after;
        true
    }

    /// A reference to a row that is not there.
    pub(crate) fn dangling(&self) -> Option<String> {
        self.rows.iter().find_map(|(id, row)| {
            let mut references = references(&id.model_type, row).into_iter();
            let dangling = references.find(|it| !self.rows.contains_key(&it.to))?;
            Some(format!("{id} refers to {}, which has no row", dangling.to))
        })
    }
}
