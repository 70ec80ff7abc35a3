//! What an app's tables are to show, computed from all changes at once, the slow way.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{Facts, Need, RecordId, Standing, WhyNotShown};
use sync_log_core::{ChangeType, Digest, Hlc, SharedChangeEntry, Uuid};

use super::tables::{A_QUESTION, LACKS_A_MEMBER, facts, needed_member};

/// What is to be shown, computed from all changes at once, the slow way.
pub(crate) struct Oracle {
    pub(crate) winners: BTreeMap<RecordId, SharedChangeEntry>,
    deleted: BTreeMap<RecordId, Hlc>,
    /// The facts of the records that are live and can be read.
    live: BTreeMap<RecordId, Facts>,
}

impl Oracle {
    pub(crate) fn of(entries: &[SharedChangeEntry]) -> Self {
        let mut winners: BTreeMap<RecordId, SharedChangeEntry> = BTreeMap::new();
        let mut deleted = BTreeMap::new();
        for entry in entries {
            let id = RecordId::of(entry);
            let rank = |of: &SharedChangeEntry| (of.hlc, Digest::of(of));
            let wins = |other: &SharedChangeEntry| rank(entry) > rank(other);
            if winners.get(&id).is_none_or(wins) {
                winners.insert(id.clone(), entry.clone());
            }
            if entry.change_type == ChangeType::Delete {
                let highest = deleted.entry(id).or_insert(Hlc::ZERO);
                *highest = entry.hlc.max(*highest);
            }
        }
        Self::from_winners(winners, deleted)
    }

    fn from_winners(
        winners: BTreeMap<RecordId, SharedChangeEntry>,
        deleted: BTreeMap<RecordId, Hlc>,
    ) -> Self {
        let mut oracle = Self {
            winners,
            deleted,
            live: BTreeMap::new(),
        };
        let deletions = oracle.deletions();
        let live = oracle.winners.iter().filter(|(id, winner)| {
            let deletion = deletions.get(*id);
            deletion.is_none_or(|deletion| *deletion <= winner.hlc)
        });
        let live = live.filter_map(|(id, _)| Some((id.clone(), oracle.read(id)?)));
        oracle.live = live.collect();
        oracle
    }

    /// What the winning change says, unless it is a deletion or cannot be read.
    fn read(&self, id: &RecordId) -> Option<Facts> {
        let winner = self.winners.get(id)?;
        let is_readable = winner.model_version == 0 && winner.change_type != ChangeType::Delete;
        is_readable.then(|| facts(id, &winner.data))
    }

    /// The deletions that count for each record: its own, and those that delete it with what it follows.
    fn deletions(&self) -> BTreeMap<RecordId, Hlc> {
        let mut deletions = self.deleted.clone();
        loop {
            let more = self.winners.iter().filter_map(|(id, winner)| {
                let references = self.read(id)?.references.into_iter();
                let followed = references.filter(|reference| reference.need == Need::Follows);
                let above = followed.filter_map(|it| deletions.get(&it.to)).max()?;
                let is_news = deletions.get(id).is_none_or(|known| known < above);
                (is_news && *above > winner.hlc).then(|| (id.clone(), *above))
            });
            let more: Vec<_> = more.collect();
            if more.is_empty() {
                return deletions;
            }
            deletions.extend(more);
        }
    }

    /// The records that live ones follow.
    pub(crate) fn followed(&self) -> BTreeSet<RecordId> {
        let references = self.live.values().flat_map(|facts| &facts.references);
        let followed = references.filter(|reference| reference.need == Need::Follows);
        followed.map(|reference| reference.to.clone()).collect()
    }

    fn facts(&self, id: &RecordId) -> Option<Facts> {
        self.live.get(id).cloned()
    }

    fn duplicate_of(&self, id: &RecordId, facts: &Facts) -> Option<Uuid> {
        let same_key = |other: &&RecordId| {
            let others = &self.live[*other].keys;
            other.model_type == id.model_type && others.iter().any(|key| facts.keys.contains(key))
        };
        let lowest = self.live.keys().find(same_key)?;
        (lowest < id).then_some(lowest.record_uuid)
    }

    pub(crate) fn standings(&self) -> BTreeMap<RecordId, Standing> {
        let mut shown: BTreeSet<RecordId> = BTreeSet::new();
        for id in self.winners.keys() {
            let facts = self.facts(id);
            let is_refused = self.winners[id].data.as_str().contains('?');
            if facts.is_some_and(|facts| self.duplicate_of(id, &facts).is_none()) && !is_refused {
                shown.insert(id.clone());
            }
        }
        loop {
            let lacks = |id: &&RecordId| {
                self.missing(id, &shown).is_some() || self.lacks_a_member(id, &shown)
            };
            let Some(lacking) = shown.iter().find(lacks).cloned() else {
                break;
            };
            shown.remove(&lacking);
        }
        let ids = self.winners.keys();
        ids.map(|id| (id.clone(), self.standing(id, &shown)))
            .collect()
    }

    fn missing(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> Option<RecordId> {
        let facts = self.facts(id)?;
        let mut needed = facts
            .references
            .into_iter()
            .filter(|it| it.need != Need::May);
        let missing = needed.find(|it| !shown.contains(&it.to))?;
        Some(missing.to)
    }

    fn standing(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> Standing {
        let winner = &self.winners[id];
        if winner.change_type != ChangeType::Delete && winner.model_version > 0 {
            return Standing::NotShown(WhyNotShown::NewerModel);
        }
        let Some(facts) = self.facts(id) else {
            return Standing::Deleted;
        };
        if let Some(other) = self.duplicate_of(id, &facts) {
            return Standing::NotShown(WhyNotShown::DuplicateOf(other));
        }
        if let Some(missing) = self.missing(id, shown) {
            return Standing::NotShown(WhyNotShown::MissingRecord(missing));
        }
        if !shown.contains(id) {
            let lacks = self.lacks_a_member(id, shown);
            let why = if lacks { LACKS_A_MEMBER } else { A_QUESTION };
            return Standing::NotShown(WhyNotShown::Refused(why.to_owned()));
        }
        let may = facts.references.iter().filter(|it| it.need == Need::May);
        let emptied = may.filter(|it| !shown.contains(&it.to));
        Standing::Shown {
            emptied: emptied.map(|it| it.member.clone()).collect(),
        }
    }

    /// Whether the app refuses the record with the references emptied that lead to no row.
    fn lacks_a_member(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> bool {
        let needed = needed_member(&self.winners[id].data);
        let facts = self.facts(id);
        let mut references = facts.iter().flat_map(|facts| &facts.references);
        references.any(|it| Some(&it.member) == needed.as_ref() && !shown.contains(&it.to))
    }
}
