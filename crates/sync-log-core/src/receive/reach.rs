//! Which deletions reach a record: its own, and those of the records that it follows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;

use super::facts::Models;
use super::node::read;
use super::record::RecordId;
use super::seen::Seen;

/// The records above others, as they are stored: what the decided records follow, through however many.
#[derive(Debug, Default)]
pub(super) struct Above {
    followed: BTreeMap<RecordId, Followed>,
}

/// A stored record that other records follow.
#[derive(Debug)]
struct Followed {
    deleted: Hlc,
    follows: Vec<RecordId>,
}

impl Above {
    /// Adds what is above the records in `next`, as far as it was looked up. Returns what was not.
    pub(super) fn climb(
        &mut self,
        models: &impl Models,
        seen: &Seen,
        mut next: Vec<RecordId>,
    ) -> BTreeSet<RecordId> {
        let mut unseen = BTreeSet::new();
        let mut passed = BTreeSet::new();
        while let Some(id) = next.pop() {
            if !passed.insert(id.clone()) {
                continue;
            }
            if let Some(known) = self.followed.get(&id) {
                next.extend(known.follows.iter().cloned());
                continue;
            }
            match seen.record(&id) {
                None => {
                    unseen.insert(id);
                }
                Some(None) => {}
                Some(Some(stored)) => {
                    let (facts, _, _) = read(models, &id, &stored.version);
                    let follows: Vec<_> = facts.followed().cloned().collect();
                    next.extend(follows.iter().cloned());
                    let deleted = stored.version.deleted;
                    self.followed.insert(id, Followed { deleted, follows });
                }
            }
        }
        unseen
    }

    /// The records above, without those that are decided.
    pub(super) fn without<'a, T>(&'a self, decided: &BTreeMap<RecordId, T>) -> Following<'a> {
        let mut following = Following::default();
        for (id, record) in &self.followed {
            if !decided.contains_key(id) {
                following.add(id, record.deleted, record.follows.iter());
            }
        }
        following
    }
}

/// Which records follow which, and when each was deleted itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Following<'a> {
    deletions: Vec<(Hlc, &'a RecordId)>,
    followers: BTreeMap<&'a RecordId, Vec<&'a RecordId>>,
}

impl<'a> Following<'a> {
    /// Adds a record, its own highest deletion, and what it follows.
    pub(super) fn add(
        &mut self,
        id: &'a RecordId,
        deleted: Hlc,
        follows: impl Iterator<Item = &'a RecordId>,
    ) {
        if deleted > Hlc::ZERO {
            self.deletions.push((deleted, id));
        }
        for followed in follows {
            self.followers.entry(followed).or_default().push(id);
        }
    }

    /// The highest deletion that reaches each record: its own, or that of a record which it follows,
    /// through however many.
    ///
    /// The deletions go out from the highest to the lowest, and each stops at a record that a higher one
    /// has reached. So records that follow each other in a circle are passed once.
    pub(super) fn reached(mut self) -> BTreeMap<&'a RecordId, Hlc> {
        self.deletions.sort_by_key(|(deleted, _)| Reverse(*deleted));
        let mut reached = BTreeMap::new();
        for (deleted, first) in self.deletions {
            let mut next = vec![first];
            while let Some(id) = next.pop() {
                if reached.contains_key(id) {
                    continue;
                }
                reached.insert(id, deleted);
                next.extend(self.followers.get(id).into_iter().flatten());
            }
        }
        reached
    }
}
