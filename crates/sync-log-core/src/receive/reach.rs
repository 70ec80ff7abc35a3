//! Which deletions reach a record: its own, and those of the records that it follows.
//!
//! A deletion that deletes a record reaches what follows that record, too. It stops at a record that was
//! changed after it. Otherwise no deletion could ever be forgotten: a later change can put a record, and
//! all that follows it, below any deleted one, and that change has a higher stamp than what is forgotten.

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
    changed: Hlc,
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
                    let followed = Followed {
                        changed: stored.version.source.hlc,
                        deleted: stored.version.deleted,
                        follows,
                    };
                    self.followed.insert(id, followed);
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
                let own = [record.changed, record.deleted];
                following.add(id, own, record.follows.iter());
            }
        }
        following
    }
}

/// Which records follow which, and when each was changed last and deleted itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Following<'a> {
    deletions: Vec<(Hlc, &'a RecordId)>,
    /// The followers of each record, with their highest changes.
    followers: BTreeMap<&'a RecordId, Vec<(Hlc, &'a RecordId)>>,
}

impl<'a> Following<'a> {
    /// Adds a record, its highest change and its own highest deletion, and what it follows.
    pub(super) fn add(
        &mut self,
        id: &'a RecordId,
        [changed, deleted]: [Hlc; 2],
        follows: impl Iterator<Item = &'a RecordId>,
    ) {
        if deleted > Hlc::ZERO {
            self.deletions.push((deleted, id));
        }
        for followed in follows {
            let followers = self.followers.entry(followed).or_default();
            followers.push((changed, id));
        }
    }

    /// The highest deletion that reaches each record: its own, or one that reaches a record which it
    /// follows and is above its highest change.
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
                let followers = self.followers.get(id).into_iter().flatten();
                let deleted_with_it = followers.filter(|(changed, _)| *changed < deleted);
                next.extend(deleted_with_it.map(|(_, follower)| *follower));
            }
        }
        reached
    }
}
