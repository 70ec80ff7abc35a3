//! What the oracle knows of one file: what it committed, who counts, and what
//! they have. It follows the file when that is copied or put back.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use crate::chain::Lineage;
use crate::change::number;
use crate::invariants::{Violation, adopted, monotone, nothing_lost, nothing_pruned_early};
use crate::storage::{Dump, Foreign, Marks};

#[derive(Debug, Clone)]
pub(crate) struct Truth {
    device_id: Uuid,
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
    /// The own entries in a file that has to be adopted.
    to_adopt: Option<Vec<SharedChangeEntry>>,
}

impl Truth {
    /// Of a new file.
    pub(crate) fn new(device_id: Uuid) -> Self {
        Self {
            device_id,
            lineage: Lineage::default(),
            issued: Hlc::ZERO,
            on_the_way: BTreeSet::new(),
            retiring: BTreeSet::new(),
            applied: BTreeMap::new(),
            active: BTreeSet::new(),
            marks: Marks::zero(),
            to_adopt: None,
        }
    }

    /// Of an empty file that an earlier program made.
    pub(crate) fn of_earlier_program(device_id: Uuid) -> Self {
        Self {
            to_adopt: Some(Vec::new()),
            ..Self::new(device_id)
        }
    }

    /// Takes note of what the file holds after something happened to it; returns
    /// the places at which pruning holds since then.
    ///
    /// # Errors
    /// What it must not hold.
    pub(crate) fn look(&mut self, mut dump: Dump) -> Result<Vec<Hlc>, Violation> {
        if let Some(expected) = &self.to_adopt {
            if dump.marks.foreign {
                dump.entries
                    .retain(|entry| entry.hlc.device_id == self.device_id);
                adopted::check_untouched(&self.marks, expected, &dump)?;
                return Ok(Vec::new());
            }
            adopted::check(&self.marks, expected, &dump)?;
            self.lineage = Lineage::adopted(dump.log_id, dump.marks.floor, dump.entries);
            self.to_adopt = None;
            return Ok(self.note(dump.marks));
        }
        if dump.marks.foreign {
            let what = "nobody but this program wrote to the log, and it says so";
            return Err(Violation::new("adopted", what));
        }
        let found = &dump.entries;
        let moved = nothing_lost::check(&self.lineage, found, &self.on_the_way)?;
        let deleted = &self.lineage.retained()[..moved.deleted];
        nothing_pruned_early::check(deleted, &self.active, &self.applied, &self.marks)?;
        self.lineage.prune(moved.deleted);
        for new in &found[moved.new_from..] {
            self.lineage.push(new.clone());
        }
        monotone::check(&self.marks, &dump.marks)?;
        monotone::check_true(&self.lineage, &dump.marks)?;
        monotone::check_peers(&self.active, &self.retiring, &dump.marks)?;
        Ok(self.note(dump.marks))
    }

    /// Where the log stands from now on; the places at which pruning holds since then.
    fn note(&mut self, marks: Marks) -> Vec<Hlc> {
        let active = marks.peers.iter().filter(|(_, mark)| mark.active);
        self.active = active.map(|(peer, _)| *peer).collect();
        let mut holds = Vec::new();
        for (peer, mark) in &marks.peers {
            let before = self.marks.peers.get(peer);
            if before.is_some_and(|before| before.admission < mark.admission) {
                // From here on only what it says under the new number counts.
                self.applied.remove(peer);
            }
            let before = before.and_then(|before| before.hold);
            holds.extend(mark.hold.filter(|hold| before != Some(*hold)));
        }
        self.marks = marks;
        self.issued = self.issued.max(self.lineage.head());
        holds
    }

    /// Takes note of what another program wrote: from now on it has to be adopted.
    pub(crate) fn written(&mut self, foreign: &Foreign) {
        let retained = || self.lineage.retained().to_vec();
        match foreign {
            Foreign::Insert(entry) => {
                let mut entries = self.to_adopt.take().unwrap_or_else(retained);
                if entry.hlc.device_id == self.device_id {
                    let place = entries.partition_point(|other| other.hlc < entry.hlc);
                    entries.insert(place, entry.clone());
                }
                self.to_adopt = Some(entries);
            }
            Foreign::Delete(hlc) => {
                let mut entries = self.to_adopt.take().unwrap_or_else(retained);
                entries.retain(|entry| entry.hlc != *hlc);
                self.to_adopt = Some(entries);
            }
            Foreign::Ack(..) => {}
        }
    }

    /// Whether another program wrote to it, and it was not adopted since.
    pub(crate) fn has_to_be_adopted(&self) -> bool {
        self.to_adopt.is_some()
    }

    /// Under which number `peer` was admitted.
    pub(crate) fn admission(&self, peer: Uuid) -> Option<u32> {
        Some(self.marks.peers.get(&peer)?.admission)
    }

    /// The own entries that are there, also if they have to be adopted.
    pub(crate) fn own_entries(&self) -> &[SharedChangeEntry] {
        self.to_adopt.as_deref().unwrap_or(self.lineage.retained())
    }

    /// What the row of `peer` says.
    pub(crate) fn ack_of(&self, peer: Uuid) -> Option<Hlc> {
        Some(self.marks.peers.get(&peer)?.acked)
    }

    /// Whether every ack is true that was not given to this program.
    pub(crate) fn unverified_acks_are_true(&self) -> bool {
        let rows = self.marks.peers.iter();
        let mut unverified = rows.filter(|(_, mark)| mark.active && !mark.verified);
        unverified.all(|(peer, mark)| {
            let has = self.applied.get(peer);
            let through = self.lineage.len_through(mark.acked);
            let claimed = &self.lineage.entries()[..through];
            claimed
                .iter()
                .all(|entry| has.is_some_and(|has| has.contains(&number(entry))))
        })
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

    /// Whether somebody said who the peers are.
    pub(crate) fn is_declared(&self) -> bool {
        self.marks.declared
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
