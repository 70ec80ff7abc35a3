//! What the oracle knows of one file: what it committed, who counts, and what
//! they have. It follows the file when that is copied or put back.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::{Birth, Cursor, Hlc, SharedChangeEntry, Uuid, VerdictKind};

use crate::chain::{Lineage, Prefix};
use crate::change::number;
use crate::invariants::{
    Violation, adopted, monotone, nothing_lost, nothing_pruned_early, verdicts,
};
use crate::storage::{Dump, Foreign, Marks, PeerMark, Sign};

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
    /// What happened to the file that a sign may show.
    past: Past,
    /// Signs that a call may find.
    suspected: BTreeSet<(VerdictKind, Sign)>,
    /// Whether a call that dismisses the signs was begun.
    pub(crate) is_dismissing: bool,
}

/// What happened to a file before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Past {
    /// It is the first log of its device.
    First,
    /// Its device lost a log before.
    MadeAgain,
    /// It was put back, or its device runs twice: what peers know of the one, they say to both.
    PutBack,
}

/// What was found at a look.
#[derive(Default)]
pub(crate) struct Seen {
    /// The places at which pruning holds since then.
    pub(crate) holds: Vec<Hlc>,
    /// The signs that are kept since then.
    pub(crate) signs: Vec<(VerdictKind, Sign)>,
}

impl Truth {
    /// Of a file that was made just now.
    pub(crate) fn made(device_id: Uuid, birth: Birth, past: Past, made: Dump) -> Self {
        let lineage = match birth {
            Birth::Alone => Lineage::default(),
            Birth::BesideRecords | Birth::After(_) => {
                Lineage::from_floor(made.log_id, made.marks.settled, Vec::new())
            }
        };
        Self {
            issued: lineage.head(),
            lineage,
            marks: made.marks,
            log_id: Some(made.log_id),
            past,
            ..Self::new(device_id)
        }
    }

    fn new(device_id: Uuid) -> Self {
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
            past: Past::First,
            suspected: BTreeSet::new(),
            is_dismissing: false,
        }
    }

    /// Of an empty file that an earlier program made.
    pub(crate) fn of_earlier_program(device_id: Uuid) -> Self {
        Self {
            to_adopt: Some(Vec::new()),
            ..Self::new(device_id)
        }
    }

    /// Takes note of what the file holds after something happened to it.
    pub(crate) fn look(&mut self, dump: Dump, now_ms: i64) -> Result<Seen, Violation> {
        let signs = self.note_signs(&dump)?;
        let holds = self.note_log(dump, now_ms)?;
        Ok(Seen { holds, signs })
    }

    /// The signs that are new.
    fn note_signs(&mut self, dump: &Dump) -> Result<Vec<(VerdictKind, Sign)>, Violation> {
        let (before, after) = (&self.marks.signs, &dump.marks.signs);
        let is_expected = |kind, sign| self.may_find(kind, sign);
        verdicts::check(before, after, is_expected, self.is_dismissing)?;
        let is_new = |(kind, sign): &(&VerdictKind, &Sign)| before.get(kind) != Some(sign);
        let new = after.iter().filter(is_new);
        let new = new.map(|(kind, sign)| (*kind, *sign)).collect();
        self.marks.signs.clone_from(after);
        Ok(new)
    }

    fn note_log(&mut self, dump: Dump, now_ms: i64) -> Result<Vec<Hlc>, Violation> {
        if let Some(expected) = &self.to_adopt {
            if dump.marks.altered || self.log_id == Some(dump.log_id) {
                self.look_before_it_is_adopted(dump)?;
                return Ok(Vec::new());
            }
            let expected = &adopted_of(expected, &self.marks, now_ms);
            adopted::check(&self.marks, expected, &dump)?;
            self.lineage = Lineage::from_floor(dump.log_id, dump.marks.floor, dump.entries);
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

    /// A sign is none of a log that was pruned, adopted, or the only one of its device.
    fn may_find(&self, kind: VerdictKind, sign: Sign) -> bool {
        let least = match kind {
            VerdictKind::OwnStamp => Past::MadeAgain,
            _ => Past::PutBack,
        };
        self.past >= least && self.suspected.contains(&(kind, sign))
    }

    /// The file was put back, or copied.
    pub(crate) fn put_back(&mut self) {
        self.past = Past::PutBack;
    }

    /// A stamp of this device comes back.
    pub(crate) fn suspect_stamp(&mut self, hlc: Hlc) {
        if verdicts::is_unknown(&self.lineage, self.marks.settled, hlc) {
            let sign = Sign { hlc, peer: None };
            self.suspected.insert((VerdictKind::OwnStamp, sign));
        }
    }

    /// A reader asks, which has these entries.
    pub(crate) fn suspect_reader(&mut self, peer: Uuid, cursor: Cursor, has: Prefix) {
        let hlc = cursor.hlc();
        let through = self.lineage.len_through(hlc);
        if self.log_id == Some(cursor.log_id()) && self.lineage.prefix(through) != has {
            let peer = Some(peer);
            let kinds = [VerdictKind::Diverged, VerdictKind::AheadOfHead];
            let signs = kinds.map(|kind| (kind, Sign { hlc, peer }));
            self.suspected.extend(signs);
        }
    }

    /// A peer says that it was admitted under this number.
    pub(crate) fn suspect_number(&mut self, peer: Uuid, cursor: Cursor, given: u32) {
        let is_higher = self.admission(peer).is_none_or(|known| given > known);
        if self.log_id == Some(cursor.log_id()) && is_higher {
            let (hlc, peer) = (cursor.hlc(), Some(peer));
            let sign = Sign { hlc, peer };
            self.suspected.insert((VerdictKind::Admission, sign));
        }
    }

    /// Whether it is the log of that id.
    pub(crate) fn is_log(&self, log_id: Uuid) -> bool {
        self.log_id == Some(log_id)
    }

    /// The signs that are kept.
    pub(crate) fn signs(&self) -> &BTreeMap<VerdictKind, Sign> {
        &self.marks.signs
    }

    /// The stamp at which the log got its log id.
    pub(crate) fn settled(&self) -> Hlc {
        self.marks.settled
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
        let claim = |mark: &PeerMark| {
            if mark.verified {
                mark.mirror
                    .filter(|said| mark.acked < *said && *said <= head)
            } else {
                Some(mark.acked)
            }
        };
        let active = self.marks.peers.iter().filter(|(_, mark)| mark.active);
        let mut claims = active.filter_map(|(peer, mark)| Some((peer, claim(mark)?)));
        claims.all(|(peer, claimed)| {
            let has = self.applied.get(peer);
            let through = self.lineage.len_through(claimed);
            let entries = &self.lineage.entries()[..through];
            entries
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

/// What becomes of entries that are adopted: the floor never goes back, what another program dated
/// too far ahead goes aside, and the newest may have lost the rest of its group.
fn adopted_of(
    entries: &[SharedChangeEntry],
    before: &Marks,
    now_ms: i64,
) -> Vec<SharedChangeEntry> {
    let reached = before.high_water.max(before.head);
    let is_near = |hlc: Hlc| {
        let ahead_ms = i128::from(hlc.timestamp) - i128::from(now_ms);
        ahead_ms <= DAY_MS
    };
    let stays = |entry: &&SharedChangeEntry| {
        let hlc = entry.hlc;
        hlc > before.floor && (hlc <= reached || is_near(hlc))
    };
    let mut stay: Vec<_> = entries.iter().filter(stays).cloned().collect();
    if let Some(newest) = stay.last_mut() {
        newest.group_end = true;
    }
    stay
}

/// How far ahead another program's entries may be.
const DAY_MS: i128 = 24 * 3_600_000;
