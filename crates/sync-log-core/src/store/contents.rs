//! Everything that a log holds, as plain values, and how writes change it.

use std::collections::BTreeMap;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::job::{EntrySummary, Needs, PeersNeeded, StoredEntry, View, WriteJob, Writes};
use super::read::{Extent, FoundEntry, Positions, ReadRequest, ReadView, Survey};
use super::sum_up::SumUp;
use crate::error::LogError;
use crate::model::{
    Altered, LogIdentity, LogState, Mark, PeerRow, Proof, Tag, Verdict, VerdictKind,
};

/// Everything that a log holds, as plain values.
///
/// It is for a store that keeps the whole log in memory, or reads and writes it as one document.
/// Such a store adds a lock and a file or variable for the value. `Contents` runs the calls of
/// [`LogStore`](crate::LogStore) on the value. The lock, the commit and durability stay the
/// store's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Identity, head, floor, high-water, solo.
    pub state: LogState,
    /// The entries, by their stamp.
    pub entries: BTreeMap<Hlc, StoredEntry>,
    /// The verdicts, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<VerdictKind, Verdict>,
    /// The peer rows, by the text of the peer's id, as `peer_acks` is.
    pub peers: BTreeMap<String, PeerRow>,
    /// Tags whose entries are missing: only another program deletes an entry and leaves its
    /// tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<Hlc, Tag>,
}

impl Contents {
    /// The contents of a new, empty log.
    #[must_use]
    pub const fn new(identity: LogIdentity) -> Self {
        Self {
            state: LogState::new(identity),
            entries: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            peers: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    /// Decides `job` and writes what it decided: the steps of
    /// [`LogStore::write`](crate::LogStore::write) between lock and commit.
    ///
    /// # Errors
    /// The refusal of the job; [`Altered`] if the entries that it prunes are not as they were
    /// written. Nothing was written.
    pub fn write(&mut self, job: &mut WriteJob) -> Result<(), LogError> {
        let needs = job.needs(&self.state);
        let changes = job.decide(&self.view(&needs))?;
        Ok(self.apply(changes)?)
    }

    /// Answers [`LogStore::read`](crate::LogStore::read).
    #[must_use]
    pub fn read(&self, request: ReadRequest) -> ReadView {
        let peer = request.peer.map(|peer| peer.to_string());
        let before = self.entries.range(..=request.after).rev();
        let entries = self.page(request);
        let end = entries.last().map_or(request.after, |last| last.entry.hlc);
        ReadView {
            state: self.state,
            before: before.filter_map(|(_, stored)| mark(stored)).next(),
            reached_end: request.max_entries > 0 && self.above(end).next().is_none(),
            entries,
            peer: peer.and_then(|peer| self.peer(&peer)),
        }
    }

    /// Answers [`LogStore::survey`](crate::LogStore::survey).
    #[must_use]
    pub fn survey(&self, positions: Positions) -> Survey {
        let peers: Vec<PeerRow> = self.peers.values().cloned().collect();
        let positions = positions(&self.state, &peers);
        Survey {
            extents: self.extents(&positions),
            state: self.state,
            verdicts: self.verdicts.values().copied().collect(),
            peers,
        }
    }

    /// What a job has to see.
    fn view(&self, needs: &Needs) -> View<'_> {
        let retained = |hlc| self.entries.get(hlc).filter(|stored| stored.tag.is_some());
        let found = needs.entries.iter().filter_map(retained);
        let lost = |hlc: &Hlc| {
            self.lost.get(hlc).map(|tag| Mark {
                hlc: *hlc,
                tag: *tag,
            })
        };
        let marks = needs.marks.iter();
        View {
            state: &self.state,
            entries: found.map(|stored| stored.entry.clone()).collect(),
            marks: marks
                .filter_map(|hlc| retained(hlc).and_then(mark).or_else(|| lost(hlc)))
                .collect(),
            peers: match needs.peers {
                PeersNeeded::None => Vec::new(),
                PeersNeeded::One(peer) => self.peer(&peer.to_string()).into_iter().collect(),
                PeersNeeded::All => self.peers.values().cloned().collect(),
            },
            oldest: self
                .entries
                .values()
                .take(needs.oldest)
                .map(summary)
                .collect(),
        }
    }

    /// Writes what a job decided. The writes are checked before the first one, so that a failure
    /// leaves no trace.
    fn apply(&mut self, changes: Writes) -> Result<(), Altered> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Writes {
            append,
            high_water,
            peer,
            solo,
            peers_declared,
            with_records,
            prune_through,
            altered,
            verdict,
            dismiss_verdicts,
        } = changes;
        if let Some(floor) = prune_through.map(|hlc| self.prove(hlc)).transpose()? {
            self.entries.retain(|hlc, _| *hlc > floor.hlc);
            self.lost.retain(|hlc, _| *hlc > floor.hlc);
            self.state.floor = floor;
        }
        for stored in append {
            self.state.head = mark(&stored).unwrap_or(self.state.head);
            self.entries.insert(stored.entry.hlc, stored);
        }
        if let Some(row) = peer.map(PeerRow::from) {
            self.peers.insert(row.peer_device_id.clone(), row);
        }
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        self.state.peers_declared = peers_declared.unwrap_or(self.state.peers_declared);
        self.state.with_records = with_records.unwrap_or(self.state.with_records);
        self.verdicts
            .retain(|_, found| !dismiss_verdicts.contains(found));
        if let Some(verdict) = verdict {
            self.verdicts.insert(verdict.kind, verdict);
        }
        self.state.altered = self.state.altered.or(altered);
        Ok(())
    }

    /// Proves what is pruned through `hlc`.
    fn prove(&self, hlc: Hlc) -> Result<Mark, Altered> {
        let mut proof = Proof::after(self.state.floor);
        for stored in self.entries.range(..=hlc).map(|(_, stored)| stored) {
            proof.take(&stored.entry, stored.tag)?;
        }
        proof.end_at(hlc)
    }

    fn page(&self, request: ReadRequest) -> Vec<FoundEntry> {
        let mut bytes = 0usize;
        self.above(request.after)
            .take(request.max_entries)
            .enumerate()
            .take_while(|(index, stored)| {
                bytes = bytes.saturating_add(stored.entry.content_bytes());
                *index == 0 || bytes <= request.max_bytes
            })
            .map(|(_, stored)| FoundEntry {
                entry: stored.entry.clone(),
                tag: stored.tag,
            })
            .collect()
    }

    fn extents(&self, positions: &[Hlc]) -> Vec<Extent> {
        let mut sum = SumUp::above(positions);
        for stored in sum
            .lowest()
            .into_iter()
            .flat_map(|lowest| self.above(lowest))
        {
            let entry = &stored.entry;
            let bytes = entry.content_bytes() as u64;
            sum.take(entry.hlc, bytes, stored.created_at_ms);
        }
        sum.extents()
    }

    fn above(&self, position: Hlc) -> impl Iterator<Item = &StoredEntry> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.entries
            .range((Excluded(position), Unbounded))
            .map(|(_, stored)| stored)
    }

    fn peer(&self, id: &str) -> Option<PeerRow> {
        self.peers.get(id).cloned()
    }
}

fn mark(stored: &StoredEntry) -> Option<Mark> {
    let hlc = stored.entry.hlc;
    stored.tag.map(|tag| Mark { hlc, tag })
}

fn summary(stored: &StoredEntry) -> EntrySummary {
    EntrySummary {
        hlc: stored.entry.hlc,
        created_at_ms: stored.created_at_ms,
    }
}
