//! Everything that a log holds, as plain values, and how changes are written to it.

use std::collections::BTreeMap;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use crate::entry::SharedChangeEntry;
use crate::error::LogError;
use crate::peer::PeerRow;
use crate::state::{LogIdentity, LogState, Mark};
use crate::store::{
    Changes, EntrySummary, Extent, Needs, PeersNeeded, Places, ReadRequest, ReadView, StoreError,
    StoreErrorKind, StoredEntry, Survey, View, WriteJob,
};
use crate::tag::Tag;

/// Everything that a log holds, as plain values.
///
/// For a store that keeps all of it in memory, or reads and writes it as one
/// document: such a store has a lock, a place, and this. It does what the calls
/// of [`LogStore`](crate::LogStore) ask for, on values; the lock, the commit and
/// what survives a power cut stay the store's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Identity, head, floor, high-water, solo.
    pub state: LogState,
    /// The entries, by their stamp.
    pub entries: BTreeMap<Hlc, StoredEntry>,
    /// The peer rows, by the text of the peer's id, as `peer_acks` is.
    pub peers: BTreeMap<String, PeerRow>,
}

impl Contents {
    /// Those of a new, empty log.
    #[must_use]
    pub const fn new(identity: LogIdentity) -> Self {
        Self {
            state: LogState::new(identity),
            entries: BTreeMap::new(),
            peers: BTreeMap::new(),
        }
    }

    /// Decides `job` and writes what it decided: the steps of
    /// [`LogStore::write`](crate::LogStore::write) between lock and commit.
    ///
    /// # Errors
    /// What the job refused with; [`StoreErrorKind::Corrupt`] if the entry that
    /// it prunes through is not there. Nothing was written.
    pub fn write(&mut self, job: &mut WriteJob) -> Result<(), LogError> {
        let needs = job.needs(&self.state);
        let changes = job.decide(&self.view(&needs))?;
        Ok(self.apply(changes)?)
    }

    /// Answers [`LogStore::read`](crate::LogStore::read).
    #[must_use]
    pub fn read(&self, request: ReadRequest) -> ReadView {
        let peer = request.peer.map(|peer| peer.hyphenated().to_string());
        let at = self.entries.get(&request.after);
        ReadView {
            state: self.state,
            at: at.map(|stored| stored.entry.clone()),
            entries: self.page(request),
            peer: peer.and_then(|peer| self.peer(&peer)),
        }
    }

    /// Answers [`LogStore::survey`](crate::LogStore::survey).
    #[must_use]
    pub fn survey(&self, places: Places) -> Survey {
        let peers: Vec<PeerRow> = self.peers.values().cloned().collect();
        let places = places(&self.state, &peers).into_iter();
        Survey {
            extents: places.map(|place| self.extent(place)).collect(),
            state: self.state,
            peers,
        }
    }

    /// What a job wants to see.
    fn view(&self, needs: &Needs) -> View<'_> {
        let found = needs.entries.iter().filter_map(|hlc| self.entries.get(hlc));
        View {
            state: &self.state,
            entries: found.map(|stored| stored.entry.clone()).collect(),
            peers: match needs.peers {
                PeersNeeded::None => Vec::new(),
                PeersNeeded::One(peer) => self
                    .peer(&peer.hyphenated().to_string())
                    .into_iter()
                    .collect(),
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

    /// Writes what a job decided. Checked before anything is written, so that a
    /// failure leaves no trace.
    fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Changes {
            append,
            high_water,
            peer,
            solo,
            peers_declared,
            prune_through,
        } = changes;
        if let Some(floor) = prune_through.map(|hlc| self.mark(hlc)).transpose()? {
            self.entries.retain(|hlc, _| *hlc > floor.hlc);
            self.state.floor = floor;
        }
        for stored in append {
            self.state.head = stored.entry.hlc;
            self.entries.insert(stored.entry.hlc, stored);
        }
        if let Some(row) = peer.map(PeerRow::from) {
            self.peers.insert(row.peer_device_id.clone(), row);
        }
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        self.state.peers_declared = peers_declared.unwrap_or(self.state.peers_declared);
        Ok(())
    }

    fn mark(&self, hlc: Hlc) -> Result<Mark, StoreError> {
        let missing =
            || StoreError::new(StoreErrorKind::Corrupt, "find the entry to prune through");
        let stored = self.entries.get(&hlc).ok_or_else(missing)?;
        Ok(Mark {
            hlc,
            tag: Tag::of(&stored.entry),
        })
    }

    fn page(&self, request: ReadRequest) -> Vec<SharedChangeEntry> {
        let mut bytes = 0usize;
        self.above(request.after)
            .map(|stored| &stored.entry)
            .take(request.max_entries)
            .enumerate()
            .take_while(|(index, entry)| {
                bytes = bytes.saturating_add(entry.content_bytes());
                *index == 0 || bytes <= request.max_bytes
            })
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    fn extent(&self, place: Hlc) -> Extent {
        Extent {
            entries: self.above(place).count() as u64,
            bytes: self
                .above(place)
                .map(|stored| stored.entry.content_bytes() as u64)
                .sum(),
            oldest_created_at_ms: self.above(place).next().map(|stored| stored.created_at_ms),
        }
    }

    fn above(&self, place: Hlc) -> impl Iterator<Item = &StoredEntry> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.entries
            .range((Excluded(place), Unbounded))
            .map(|(_, stored)| stored)
    }

    fn peer(&self, id: &str) -> Option<PeerRow> {
        self.peers.get(id).cloned()
    }
}

fn summary(stored: &StoredEntry) -> EntrySummary {
    EntrySummary {
        hlc: stored.entry.hlc,
        created_at_ms: stored.created_at_ms,
    }
}
