//! What the app's tables show, as a function of the versions alone (`X6`).

use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;
use uuid::Uuid;

use super::facts::{Facts, Models, Need, Reference, Tie};
use super::lift::lifted;
use super::moves::{Moves, moves};
use super::node::{Node, Row, Unfit, read};
use super::reach::Above;
use super::record::RecordId;
use super::seen::{Found, Seen, Wanted};
use super::standing::{Record, Standing, WhyNotShown};
use super::version::Version;
use crate::model::{ChangeType, SharedChangeEntry};

/// Decides what is shown of the records that a change concerns: the records that changed, and all
/// records that are tied to them, directly or through others.
///
/// The decision begins with the changed records and grows by rules:
/// - A record that gains or loses a unique key adds the records that hold the key.
/// - A record that appears or disappears adds the records that refer to it, and so does a record that
///   another deletion reaches than before: its own, or that of a record which it follows.
/// - A record that waits for another waiting record adds that one, and so does one that waits for a record
///   that the app refused, which may have been for want of a reference. Records can wait for each other in
///   a circle, and all of them are shown once nothing outside the circle is missing.
///
/// A record is not shown if it fails by itself, or if it must refer to a record that is not shown. This
/// is the least fixed point, so a circle in which no record fails by itself is shown.
pub(super) struct Settling<'a, M> {
    models: &'a M,
    seen: Seen,
    /// The versions that moved, as they are now.
    moved: BTreeMap<RecordId, Version>,
    /// What the app refused when it was asked to show it, and why.
    refused: BTreeMap<RecordId, String>,
    /// The records that may not be shown without the references that their rows have.
    rigid: BTreeSet<RecordId>,
    own: OwnRows,
    /// Whether the app's models changed. All rows and ties count as made for the earlier models then, even
    /// those of records that another record brings along before it is their turn.
    is_upgrade: bool,
    /// The records that are to be decided, and are not among the nodes yet.
    next: BTreeSet<RecordId>,
    /// What the nodes follow, through however many.
    above: Above,
    pub(super) nodes: BTreeMap<RecordId, Node>,
}

/// What the app changed itself, in the same transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnRows {
    /// The records of which the app has changed the rows, as their versions say.
    written: BTreeSet<RecordId>,
    /// The records whose rows may have been deleted and written again since: those that the app deleted or
    /// inserted, those that it changed after it had deleted another one that they may have followed, and those
    /// that follow such a record. The database empties references to a deleted row, deletes what follows the
    /// row, and leaves that so when the row is written again.
    replaced: BTreeSet<RecordId>,
    /// The references that the written rows show empty, whatever their versions have.
    emptied: BTreeMap<RecordId, Vec<String>>,
}

impl OwnRows {
    /// The rows that belong to own changes.
    pub(super) fn of(models: &impl Models, entries: &[SharedChangeEntry]) -> Self {
        let mut own = Self::default();
        let mut may_have_cascaded = false;
        for entry in entries {
            let id = RecordId::of(entry);
            if entry.change_type != ChangeType::Update
                || may_have_cascaded && models.is_follower(&id.model_type)
            {
                own.replaced.insert(id.clone());
            }
            may_have_cascaded |=
                entry.change_type == ChangeType::Delete && models.is_followed(&id.model_type);
            own.written.insert(id);
        }
        own
    }

    /// Adds the references that the rows show empty.
    pub(super) fn with_emptied(self, emptied: BTreeMap<RecordId, Vec<String>>) -> Self {
        Self { emptied, ..self }
    }
}

impl<'a, M: Models> Settling<'a, M> {
    /// Begins with the versions that moved.
    pub(super) fn new(
        models: &'a M,
        seen: Seen,
        moved: BTreeMap<RecordId, Version>,
        own: OwnRows,
    ) -> Self {
        Self {
            models,
            seen,
            next: moved.keys().cloned().collect(),
            moved,
            refused: BTreeMap::new(),
            rigid: BTreeSet::new(),
            own,
            is_upgrade: false,
            above: Above::default(),
            nodes: BTreeMap::new(),
        }
    }

    /// Begins with records whose versions stay as they are, after the app's models changed.
    pub(super) fn again(models: &'a M, seen: Seen, records: BTreeSet<RecordId>) -> Self {
        Self {
            is_upgrade: true,
            ..Self::stored(models, seen, records)
        }
    }

    /// Begins with records whose versions and rows stay as they are.
    pub(super) fn stored(models: &'a M, seen: Seen, records: BTreeSet<RecordId>) -> Self {
        Self {
            next: records,
            ..Self::new(models, seen, BTreeMap::new(), OwnRows::default())
        }
    }

    /// Decides as much as the lookups so far allow. Returns what has to be looked up next, which is
    /// nothing once everything is decided.
    pub(super) fn go_on(&mut self) -> Wanted {
        loop {
            self.add();
            let unseen = self.unseen();
            if !unseen.is_empty() {
                return unseen;
            }
            self.decide();
            let wanted = self.bring_concerned();
            if !wanted.is_empty() || self.next.is_empty() {
                return wanted;
            }
        }
    }

    /// Adds what was looked up.
    pub(super) fn see(&mut self, wanted: &Wanted, found: Found) {
        self.seen.add(wanted, found);
    }

    /// The steps that make the tables show what was decided.
    pub(super) fn moves(&self) -> Moves {
        moves(&self.nodes, &self.rigid)
    }

    /// Adds records that the app refused in the course of these moves. Call [`go_on`](Self::go_on) again
    /// after it, unless this returns `false`: nothing was added, so the decision would be the same again.
    ///
    /// A row that was to be emptied on the way may be fine in the end, so it only counts as rigid at first.
    #[must_use]
    pub(super) fn refuse(&mut self, refused: Vec<(RecordId, String)>, during: &Moves) -> bool {
        let known = |it: &Self| it.refused.len() + it.rigid.len();
        let before = known(self);
        for (id, why) in refused {
            if during.emptied.contains(&id) {
                self.rigid.insert(id);
            } else {
                self.refused.insert(id, why);
            }
        }
        known(self) > before
    }

    /// Adds the next records to the nodes, as far as they were looked up.
    fn add(&mut self) {
        for id in std::mem::take(&mut self.next) {
            match self.seen.record(&id) {
                None => {
                    self.next.insert(id);
                }
                Some(old) => {
                    let version = self.moved.get(&id).or(old.map(|old| &old.version));
                    let node = version.map(|version| self.node(&id, old, version));
                    self.nodes.extend(node.map(|node| (id, node)));
                }
            }
        }
        self.mark_replaced();
    }

    /// Marks the rows that refer to replaced ones. What follows a replaced one is replaced with it.
    fn mark_replaced(&mut self) {
        let replaced = &mut self.own.replaced;
        loop {
            let before = replaced.len();
            for (id, node) in &mut self.nodes {
                let mut references = node.facts.references.iter();
                node.is_stale |= references.any(|it| replaced.contains(&it.to));
                if node.facts.followed().any(|to| replaced.contains(to)) {
                    replaced.insert(id.clone());
                }
            }
            if replaced.len() == before {
                return;
            }
        }
    }

    fn node(&self, id: &RecordId, old: Option<&Record>, version: &Version) -> Node {
        let (old_facts, old_payload, _) = match old {
            Some(old) => read(self.models, id, &old.version),
            None => (Facts::default(), None, None),
        };
        let (facts, payload, unfit) = read(self.models, id, version);
        let is_own = self.own.written.contains(id);
        // There was no row for the app to change. If the app did not insert a row, the record gets one now.
        let was_hidden = old.is_some_and(|old| old.standing.why_not_shown().is_some());
        let is_outdated = self.is_upgrade;
        let is_stale = is_outdated || is_own && was_hidden;
        let row = if is_own {
            payload.clone().map(|whole| Row {
                payload: whole,
                facts: facts.clone(),
                emptied: self.own.emptied.get(id).cloned().unwrap_or_default(),
            })
        } else {
            let emptied = old.and_then(|record| record.standing.emptied());
            // There is a row even if the models of today cannot read it.
            let unreadable = || is_outdated.then(|| serde_json::Value::Null.into());
            old_payload
                .or_else(unreadable)
                .zip(emptied)
                .map(|(shown, emptied)| Row {
                    payload: shown,
                    facts: old_facts.clone(),
                    emptied: emptied.to_vec(),
                })
        };
        Node {
            old: old.cloned(),
            old_facts,
            row,
            is_stale,
            is_outdated,
            version: version.clone(),
            facts,
            payload,
            unfit,
            reached_before: Hlc::ZERO,
            reached: Hlc::ZERO,
            standing: Standing::Deleted,
        }
    }

    /// What still has to be looked up: the next records, the records to which the nodes refer, those that
    /// they follow through others, and the holders of their keys.
    fn unseen(&mut self) -> Wanted {
        let mut wanted = Wanted {
            records: self.next.clone(),
            ties: BTreeSet::new(),
        };
        for (id, node) in &self.nodes {
            for reference in &node.facts.references {
                if self.seen.record(&reference.to).is_none() {
                    wanted.records.insert(reference.to.clone());
                }
            }
            for key in node.old_facts.keys.iter().chain(&node.facts.keys) {
                let tie = key.tie(&id.model_type);
                if self.seen.tied(&tie).is_none() {
                    wanted.ties.insert(tie);
                }
            }
        }
        let nodes = self.nodes.values();
        let followed =
            nodes.flat_map(|node| node.old_facts.followed().chain(node.facts.followed()));
        let followed = followed.cloned().collect();
        let unseen = self.above.climb(self.models, &self.seen, followed);
        wanted.records.extend(unseen);
        wanted
    }

    /// Works out which deletion reaches each record here, before the versions moved and now.
    fn reach(&mut self) {
        let mut before = self.above.without(&self.nodes);
        let mut now = before.clone();
        let own = |version: &Version| [version.source.hlc, version.deleted];
        for (id, node) in &self.nodes {
            if let Some(old) = &node.old {
                before.add(id, own(&old.version), node.old_facts.followed());
            }
            now.add(id, own(&node.version), node.facts.followed());
        }
        let before = before.reached();
        let now = now.reached();
        let by_id = |id: &RecordId| [&before, &now].map(|it| it.get(id).copied());
        let reached: Vec<_> = self.nodes.keys().map(by_id).collect();
        for (node, [earlier, latest]) in self.nodes.values_mut().zip(reached) {
            node.reached_before = earlier.unwrap_or(Hlc::ZERO);
            node.reached = latest.unwrap_or(Hlc::ZERO);
        }
    }

    /// Decides what is shown of each record here.
    fn decide(&mut self) {
        self.reach();
        let holders = self.holders();
        let duplicates = self.duplicates(&holders);
        let failing = self.failing(&duplicates);
        let standings: Vec<_> = self
            .nodes
            .iter()
            .map(|(id, node)| self.standing(id, node, &duplicates, &failing))
            .collect();
        for (node, standing) in self.nodes.values_mut().zip(standings) {
            node.standing = standing;
        }
    }

    /// The record with the lowest id that holds each key.
    fn holders(&self) -> BTreeMap<Tie, RecordId> {
        let mut holders: BTreeMap<Tie, RecordId> = BTreeMap::new();
        let mut hold = |tie: &Tie, id: &RecordId| {
            let lowest = holders.entry(tie.clone()).or_insert_with(|| id.clone());
            if id < lowest {
                *lowest = id.clone();
            }
        };
        for (id, node) in &self.nodes {
            let is_there = !node.is_outlived();
            for key in &node.facts.keys {
                let tie = key.tie(&id.model_type);
                let elsewhere = self.seen.tied(&tie).into_iter().flatten();
                for other in elsewhere.filter(|other| !self.nodes.contains_key(*other)) {
                    hold(&tie, other);
                }
                if is_there {
                    hold(&tie, id);
                }
            }
        }
        holders
    }

    /// The nodes whose key is held by a live record with a lower id, and the lowest such id.
    fn duplicates(&self, holders: &BTreeMap<Tie, RecordId>) -> BTreeMap<RecordId, Uuid> {
        let duplicate = |(id, node): (&RecordId, &Node)| {
            let keys = node.facts.keys.iter();
            let lowest = keys.filter_map(|key| holders.get(&key.tie(&id.model_type)));
            let lowest = lowest.min().filter(|lowest| *lowest < id)?;
            Some((id.clone(), lowest.record_uuid))
        };
        self.nodes.iter().filter_map(duplicate).collect()
    }

    /// The records here that are not shown: first the records that fail by themselves, and then the records
    /// that must refer to a failing record.
    fn failing(&self, duplicates: &BTreeMap<RecordId, Uuid>) -> BTreeSet<RecordId> {
        let by_itself = |(id, node): &(&RecordId, &Node)| {
            node.unfit.is_some()
                || node.is_outlived()
                || duplicates.contains_key(*id)
                || self.refused.contains_key(*id)
        };
        let failing = self.nodes.iter().filter(by_itself);
        let mut failing: BTreeSet<_> = failing.map(|(id, _)| id.clone()).collect();
        loop {
            let lacks = |(id, node): &(&RecordId, &Node)| {
                !failing.contains(*id) && self.missing(node, &failing).is_some()
            };
            let more = self.nodes.iter().filter(lacks);
            let more: Vec<_> = more.map(|(id, _)| id.clone()).collect();
            if more.is_empty() {
                return failing;
            }
            failing.extend(more);
        }
    }

    fn standing(
        &self,
        id: &RecordId,
        node: &Node,
        duplicates: &BTreeMap<RecordId, Uuid>,
        failing: &BTreeSet<RecordId>,
    ) -> Standing {
        match &node.unfit {
            Some(Unfit::Deleted) => return Standing::Deleted,
            Some(Unfit::Because(why)) => return Standing::NotShown(why.clone()),
            None if node.is_outlived() => return Standing::Deleted,
            None => {}
        }
        let duplicate = duplicates.get(id).copied().map(WhyNotShown::DuplicateOf);
        let missing = || {
            let missing = self.missing(node, failing).cloned();
            missing.map(WhyNotShown::MissingRecord)
        };
        let refusal = || self.refused.get(id).cloned().map(WhyNotShown::Refused);
        match duplicate.or_else(missing).or_else(refusal) {
            Some(why) => Standing::NotShown(why),
            None => Standing::Shown {
                emptied: self.emptied(node, failing),
            },
        }
    }

    /// The first record that `node` must refer to and that is not shown.
    fn missing<'n>(&self, node: &'n Node, failing: &BTreeSet<RecordId>) -> Option<&'n RecordId> {
        let needed = |reference: &&Reference| reference.need != Need::May;
        let mut references = node.facts.references.iter().filter(needed);
        let missing = references.find(|reference| !self.is_shown(&reference.to, failing));
        missing.map(|reference| &reference.to)
    }

    fn emptied(&self, node: &Node, failing: &BTreeSet<RecordId>) -> Vec<String> {
        let references = node.facts.references.iter();
        let may = references.filter(|reference| reference.need == Need::May);
        may.filter(|reference| !self.is_shown(&reference.to, failing))
            .map(|reference| reference.member.clone())
            .collect()
    }

    fn is_shown(&self, id: &RecordId, failing: &BTreeSet<RecordId>) -> bool {
        if self.nodes.contains_key(id) {
            return !failing.contains(id);
        }
        let stored = self.seen.record(id).flatten();
        stored.is_some_and(|record| record.standing.is_shown())
    }

    /// Puts the records that the decisions concern into `next`. Returns the ties that have to be looked up
    /// to find all of these records.
    fn bring_concerned(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        let lifted = lifted(&self.nodes, &self.rigid);
        for (id, node) in &self.nodes {
            let is_replaced = lifted.contains(id) || self.own.replaced.contains(id);
            let of_replaced = is_replaced.then(|| Tie::Reference(id.clone()));
            for tie in node.ties_moved(id).into_iter().chain(of_replaced) {
                match self.seen.tied(&tie) {
                    Some(tied) => self.next.extend(tied.iter().cloned()),
                    None => {
                        wanted.ties.insert(tie);
                    }
                }
            }
            if let Standing::NotShown(WhyNotShown::MissingRecord(missing)) = &node.standing
                && self.waits(missing)
            {
                self.next.insert(missing.clone());
            }
        }
        let is_there = |id: &RecordId| self.seen.record(id) != Some(None);
        self.next
            .retain(|id| !self.nodes.contains_key(id) && is_there(id));
        wanted
    }

    /// Whether a record that is not decided here may wait for another one. The app may have refused it
    /// because a reference was emptied.
    fn waits(&self, id: &RecordId) -> bool {
        let stored = self.seen.record(id).flatten();
        let why = stored.and_then(|record| record.standing.why_not_shown());
        matches!(
            why,
            Some(WhyNotShown::MissingRecord(_) | WhyNotShown::Refused(_))
        )
    }
}
