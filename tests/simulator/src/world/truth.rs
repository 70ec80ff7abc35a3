//! What the oracle knows of one file: what it committed, who counts, and what
//! they have. It follows the file when that is copied or put back.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use crate::chain::Lineage;
use crate::change::number;
use crate::invariants::{Violation, adopted, monotone, nothing_lost, nothing_pruned_early};
use crate::storage::{Dump, Foreign, Marks, PeerMark};

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
    /// Which log it was when it was looked at last.
    log_id: Option<Uuid>,
    /// The own entries in a file that has to be adopted.
    to_adopt: Option<Vec<SharedChangeEntry>>,
    /// Where another program was at work on it that the log has not found yet.
    unnoticed: Option<Hlc>,
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
            log_id: None,
            to_adopt: None,
            unnoticed: None,
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
    pub(crate) fn look(&mut self, dump: Dump) -> Result<Vec<Hlc>, Violation> {
        if let Some(expected) = &self.to_adopt {
            if dump.marks.altered || self.log_id == Some(dump.log_id) {
                self.look_before_it_is_adopted(dump)?;
                return Ok(Vec::new());
            }
            let expected = &ending_its_group(expected);
            adopted::check(&self.marks, expected, &dump)?;
            self.lineage = Lineage::adopted(dump.log_id, dump.marks.floor, dump.entries);
            (self.log_id, self.unnoticed) = (Some(dump.log_id), None);
            self.to_adopt = None;
            return Ok(self.note(dump.marks));
        }
        self.log_id = Some(dump.log_id);
        if dump.marks.altered {
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

    /// Nothing is written any more, but that a prune may have deleted what lies below the place
    /// where it then found that another program was at work.
    fn look_before_it_is_adopted(&mut self, mut dump: Dump) -> Result<(), Violation> {
        let floor = dump.marks.floor;
        if let Some(place) = self.unnoticed
            && floor != self.marks.floor
        {
            if place <= floor {
                let what = "a prune deleted what is not what was written";
                return Err(Violation::new("adopted", what));
            }
            let retained = self.lineage.retained();
            let count = retained.partition_point(|entry| entry.hlc <= floor);
            let deleted = &retained[..count];
            nothing_pruned_early::check(deleted, &self.active, &self.applied, &self.marks)?;
            self.lineage.prune(count);
            monotone::check_true(&self.lineage, &dump.marks)?;
            if let Some(entries) = &mut self.to_adopt {
                entries.retain(|entry| floor < entry.hlc);
            }
            (self.marks.floor, self.marks.floor_tag) = (floor, dump.marks.floor_tag);
        }
        if dump.marks.altered {
            self.unnoticed = None;
        }
        dump.entries
            .retain(|entry| entry.hlc.device_id == self.device_id);
        let expected = self.to_adopt.as_deref().unwrap_or_default();
        adopted::check_untouched(&self.marks, expected, &dump)
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

    /// Takes note of what another program did to the entries: from now on they have to be
    /// adopted.
    pub(crate) fn written(&mut self, foreign: &Foreign) {
        if let Foreign::Ack(..) = foreign {
            return;
        }
        let retained = || self.lineage.retained().to_vec();
        let mut entries = self.to_adopt.take().unwrap_or_else(retained);
        foreign.apply(self.device_id, &mut entries);
        self.unnoticed = foreign.place();
        self.to_adopt = Some(entries);
    }

    /// Whether another program wrote to it, and it was not adopted since.
    pub(crate) fn has_to_be_adopted(&self) -> bool {
        self.to_adopt.is_some()
    }

    /// Whether the log has not found yet what another program did.
    pub(crate) fn is_unnoticed(&self) -> bool {
        self.unnoticed.is_some()
    }

    /// Under which number `peer` was admitted.
    pub(crate) fn admission(&self, peer: Uuid) -> Option<u32> {
        Some(self.marks.peers.get(&peer)?.admission)
    }

    /// The own entries that are there, also if they have to be adopted.
    pub(crate) fn own_entries(&self) -> &[SharedChangeEntry] {
        self.to_adopt.as_deref().unwrap_or(self.lineage.retained())
    }

    /// What the own row of `peer` says.
    pub(crate) fn ack_of(&self, peer: Uuid) -> Option<Hlc> {
        Some(self.marks.peers.get(&peer)?.acked)
    }

    /// Whether every ack is true that was not given to this program, be it in a row that was
    /// adopted or in one that another program wrote since.
    pub(crate) fn claims_are_true(&self) -> bool {
        let head = self.marks.head;
        let claim = |mark: &PeerMark| match mark.verified {
            false => Some(mark.acked),
            true => mark
                .mirror
                .filter(|said| mark.acked < *said && *said <= head),
        };
        let active = self.marks.peers.iter().filter(|(_, mark)| mark.active);
        let mut claims = active.filter_map(|(peer, mark)| Some((peer, claim(mark)?)));
        claims.all(|(peer, claimed)| {
            let has = self.applied.get(peer);
            let through = self.lineage.len_through(claimed);
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

/// What becomes of entries that are adopted: the newest may have lost the rest of its group.
fn ending_its_group(entries: &[SharedChangeEntry]) -> Vec<SharedChangeEntry> {
    let mut entries = entries.to_vec();
    if let Some(newest) = entries.last_mut() {
        newest.group_end = true;
    }
    entries
}
