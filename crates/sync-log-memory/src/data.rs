//! What the log holds, and how changes are written to it.

use std::collections::BTreeMap;

use sync_log_core::{
    Changes, EntrySummary, Extent, Hlc, LogState, Mark, Needs, PeerRow, PeersNeeded, ReadRequest,
    ReadView, SharedChangeEntry, StoreError, StoreErrorKind, StoredEntry, Tag, View,
};

#[derive(Debug, Clone)]
pub(crate) struct Data {
    pub(crate) state: LogState,
    pub(crate) entries: BTreeMap<Hlc, StoredEntry>,
    /// By the text of the peer id, as `peer_acks` is.
    pub(crate) peers: BTreeMap<String, PeerRow>,
}

impl Data {
    /// What a job wants to see.
    pub(crate) fn view(&self, needs: &Needs) -> View<'_> {
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
    pub(crate) fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Changes {
            append,
            high_water,
            peer,
            solo,
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

    pub(crate) fn read(&self, request: ReadRequest) -> ReadView {
        let peer = request.peer.map(|peer| peer.hyphenated().to_string());
        ReadView {
            state: self.state,
            at: self
                .entries
                .get(&request.after)
                .map(|stored| stored.entry.clone()),
            entries: self.page(request),
            peer: peer.and_then(|peer| self.peer(&peer)),
        }
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

    pub(crate) fn extent(&self, place: Hlc) -> Extent {
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
