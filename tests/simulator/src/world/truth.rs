//! What the oracle knows of one file: what it committed, who counts, and what
//! they have. It follows the file when that is copied or put back.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::{Hlc, Uuid};

use crate::chain::Lineage;
use crate::invariants::{Violation, monotone, nothing_lost, nothing_pruned_early};
use crate::storage::{Dump, Marks};

#[derive(Debug, Clone)]
pub(crate) struct Truth {
    /// Everything that the file ever committed.
    pub(crate) lineage: Lineage,
    /// Highest stamp that it answered with, or observed with success.
    pub(crate) issued: Hlc,
    /// Changes that were on their way into it, by number.
    pub(crate) on_the_way: BTreeSet<u64>,
    /// Peers that somebody wanted to retire.
    pub(crate) retiring: BTreeSet<Uuid>,
    /// What each peer has durably applied, as far as the file may rely on it.
    applied: BTreeMap<Uuid, BTreeSet<u64>>,
    active: BTreeSet<Uuid>,
    marks: Marks,
}

impl Truth {
    /// Of a new file.
    pub(crate) fn new() -> Self {
        Self {
            lineage: Lineage::default(),
            issued: Hlc::ZERO,
            on_the_way: BTreeSet::new(),
            retiring: BTreeSet::new(),
            applied: BTreeMap::new(),
            active: BTreeSet::new(),
            marks: Marks::zero(),
        }
    }

    /// Takes note of what the file holds after something happened to it; returns
    /// the places at which pruning holds since then.
    ///
    /// # Errors
    /// What it must not hold.
    pub(crate) fn look(&mut self, dump: Dump) -> Result<Vec<Hlc>, Violation> {
        let found = &dump.entries;
        let moved = nothing_lost::check(&self.lineage, found, &self.on_the_way)?;
        let deleted = &self.lineage.retained()[..moved.deleted];
        nothing_pruned_early::check(deleted, &self.active, &self.applied, self.marks.solo)?;
        self.lineage.prune(moved.deleted);
        for new in &found[moved.new_from..] {
            self.lineage.push(new.clone());
        }
        monotone::check(&self.marks, &dump.marks)?;
        monotone::check_true(&self.lineage, &dump.marks)?;
        monotone::check_peers(&self.active, &self.retiring, &dump.marks)?;
        let rows = dump.marks.peers.iter();
        let active = rows.filter(|(_, mark)| mark.active);
        self.active = active.map(|(peer, _)| *peer).collect();
        let holds = dump.marks.peers.iter().filter_map(|(peer, mark)| {
            let before = self.marks.peers.get(peer).and_then(|before| before.hold);
            mark.hold.filter(|hold| before != Some(*hold))
        });
        let holds = holds.collect();
        self.marks = dump.marks;
        self.issued = self.issued.max(self.lineage.head());
        Ok(holds)
    }

    /// Whether `peer` counts.
    pub(crate) fn is_active(&self, peer: Uuid) -> bool {
        self.active.contains(&peer)
    }

    /// Who counts.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.active.iter().copied()
    }

    /// Whether the library is solo.
    pub(crate) fn is_solo(&self) -> bool {
        self.marks.solo
    }

    /// Whether anybody counts.
    pub(crate) fn has_peers(&self) -> bool {
        !self.active.is_empty()
    }

    /// Whether `peer` has a row that says that it is retired.
    pub(crate) fn is_retired(&self, peer: Uuid) -> bool {
        self.marks.peers.get(&peer).is_some_and(|mark| !mark.active)
    }

    /// Somebody called `peer` has durably applied these.
    pub(crate) fn applied(&mut self, peer: Uuid, numbers: impl IntoIterator<Item = u64>) {
        self.applied.entry(peer).or_default().extend(numbers);
    }

    /// `peer` was served where it really is: it has these and no others.
    pub(crate) fn has_only(&mut self, peer: Uuid, numbers: &[u64]) {
        self.applied.insert(peer, numbers.iter().copied().collect());
    }
}
