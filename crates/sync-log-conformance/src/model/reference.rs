//! The reference: what a log should answer, told slowly and from the contract.
//!
//! It shares no code with core but the values that both speak of, and the tag of
//! an entry, whose form is frozen by vectors of its own.

use std::collections::BTreeMap;

use sync_log_core::{
    Cursor, Extent, Hlc, LogError, LogIdentity, LogState, Mark, PeerRow, PrunePolicy,
    SharedChangeEntry, Tag, UnknownPeers, Uuid,
};

use super::clock::{ModelClock, check_limits};
use super::op::HANDLES;
use super::peer::ModelPeer;
use crate::rig::{DEVICE, START_MS};
use crate::snapshot::Snapshot;

/// What survives a restart.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Entries, oldest first, with when they were written.
    pub(super) entries: Vec<(SharedChangeEntry, i64)>,
    pub(super) head: Hlc,
    pub(super) floor: Mark,
    pub(super) high_water: Hlc,
    pub(super) solo: bool,
    pub(super) peers: BTreeMap<Uuid, ModelPeer>,
}

/// A log, as it should be.
pub(super) struct Reference {
    pub(super) identity: LogIdentity,
    pub(super) policy: PrunePolicy,
    pub(super) unknown_peers: UnknownPeers,
    pub(super) now_ms: i64,
    pub(super) file: File,
    clocks: [ModelClock; HANDLES],
}

impl Reference {
    pub(super) fn new(
        identity: LogIdentity,
        policy: PrunePolicy,
        unknown_peers: UnknownPeers,
    ) -> Self {
        Self {
            identity,
            policy,
            unknown_peers,
            now_ms: START_MS,
            file: File {
                entries: Vec::new(),
                head: Hlc::ZERO,
                floor: Mark::ZERO,
                high_water: Hlc::ZERO,
                solo: false,
                peers: BTreeMap::new(),
            },
            clocks: [ModelClock::default(); HANDLES],
        }
    }

    /// A handle is opened anew.
    pub(super) fn reopen(&mut self, handle: usize) {
        self.clocks[handle] = ModelClock::default();
        self.resume(handle);
    }

    /// The file is put back.
    pub(super) fn restore(&mut self, file: &File) {
        self.file = file.clone();
        (0..HANDLES).for_each(|handle| self.reopen(handle));
    }

    /// Every write begins by looking up how far the storage is.
    fn resume(&mut self, handle: usize) {
        let stored = self.file.high_water.max(self.file.head);
        self.clocks[handle].resume(stored);
    }

    pub(super) fn tick(&mut self, handle: usize) -> Hlc {
        self.resume(handle);
        let stamp = self.clocks[handle].tick(self.now_ms);
        self.file.high_water = stamp;
        stamp
    }

    pub(super) fn record(&mut self, handle: usize, entries: Vec<SharedChangeEntry>) -> Vec<Hlc> {
        let mut stamps = Vec::new();
        for mut entry in entries {
            entry.hlc = self.tick(handle);
            stamps.push(entry.hlc);
            self.insert(entry);
        }
        stamps
    }

    fn insert(&mut self, entry: SharedChangeEntry) {
        self.file.head = entry.hlc;
        self.file.high_water = self.file.high_water.max(entry.hlc);
        self.file.entries.push((entry, self.now_ms));
    }

    pub(super) fn append(
        &mut self,
        handle: usize,
        batch: Vec<SharedChangeEntry>,
    ) -> Result<(), LogError> {
        if let Some(entry) = batch.iter().find(|entry| entry.hlc.device_id != DEVICE) {
            return Err(LogError::ForeignOrigin {
                hlc: entry.hlc,
                device_id: DEVICE,
            });
        }
        for index in 1..batch.len() {
            let (previous, hlc) = (batch[index - 1].hlc, batch[index].hlc);
            if hlc <= previous {
                return Err(LogError::BatchNotAscending { hlc, previous });
            }
        }
        let Some(first) = batch.first() else {
            return Ok(());
        };
        if first.hlc <= self.file.head {
            return self.retry(&batch);
        }
        let last = batch[batch.len() - 1].hlc;
        check_limits(last, self.now_ms)?;
        self.resume(handle);
        self.clocks[handle].resume(last);
        batch.into_iter().for_each(|entry| self.insert(entry));
        Ok(())
    }

    fn retry(&self, batch: &[SharedChangeEntry]) -> Result<(), LogError> {
        let (hlc, floor) = (batch[0].hlc, self.file.floor.hlc);
        if hlc <= floor {
            return Err(LogError::BelowFloor { hlc, floor });
        }
        let mut missing = Vec::new();
        for entry in batch {
            match self.entry(entry.hlc) {
                None => missing.push(entry.hlc),
                Some(there) if there == entry => {}
                Some(_) => return Err(LogError::OtherContent { hlc: entry.hlc }),
            }
        }
        match missing.first() {
            None => Ok(()),
            Some(_) if missing.len() == batch.len() => Err(LogError::Overtaken {
                hlc,
                head: self.file.head,
            }),
            Some(missing) => Err(LogError::BatchMixed { hlc: *missing }),
        }
    }

    pub(super) fn observe(
        &mut self,
        handle: usize,
        remotes: &[Hlc],
    ) -> Result<Option<Hlc>, LogError> {
        let Some(highest) = remotes.iter().copied().max() else {
            return Ok(None);
        };
        self.resume(handle);
        self.clocks[handle].observe_all(remotes, self.now_ms)?;
        self.file.high_water = self.file.high_water.max(highest);
        Ok(Some(highest))
    }

    pub(super) fn entry(&self, hlc: Hlc) -> Option<&SharedChangeEntry> {
        let mut entries = self.file.entries.iter().map(|(entry, _)| entry);
        entries.find(|entry| entry.hlc == hlc)
    }

    /// The cursor at a place whose content is known.
    pub(super) fn cursor(&self, hlc: Hlc) -> Option<Cursor> {
        if hlc == self.file.floor.hlc {
            return Some(self.floor_cursor());
        }
        let tag = Tag::of(self.entry(hlc)?);
        Cursor::new(self.identity.log_id, hlc, tag).ok()
    }

    pub(super) fn floor_cursor(&self) -> Cursor {
        let floor = self.file.floor;
        if floor.hlc.is_zero() {
            return Cursor::ZERO;
        }
        Cursor::new(self.identity.log_id, floor.hlc, floor.tag).unwrap()
    }

    pub(super) fn prune(&mut self) -> usize {
        let gone = self.prunable();
        if let Some((last, _)) = self.file.entries[..gone].last() {
            self.file.floor = Mark {
                hlc: last.hlc,
                tag: Tag::of(last),
            };
        }
        self.file.entries.drain(..gone);
        gone
    }

    /// How many of the oldest entries nobody needs any more.
    fn prunable(&self) -> usize {
        let Ok(active) = self.active_positions() else {
            return 0;
        };
        if active.is_empty() && !self.file.solo {
            return 0;
        }
        let everybody_has = |hlc: Hlc| active.iter().all(|position| hlc <= *position);
        let entries = &self.file.entries;
        let acked = entries.iter().filter(|(e, _)| everybody_has(e.hlc)).count();
        match self.policy {
            PrunePolicy::KeepEntries { count } => acked.saturating_sub(count),
            PrunePolicy::KeepFor { age_ms } => {
                let is_young = |at: i64| (self.now_ms - at).max(0) < age_ms as i64;
                let young = entries[..acked].iter().position(|(_, at)| is_young(*at));
                young.unwrap_or(acked)
            }
            _ => acked,
        }
    }

    /// What lies above a place.
    pub(super) fn extent(&self, place: Hlc) -> Extent {
        let above: Vec<_> = self
            .file
            .entries
            .iter()
            .filter(|(entry, _)| entry.hlc > place)
            .collect();
        let bytes = |entry: &SharedChangeEntry| entry.model_type.len() + entry.data.len_bytes();
        Extent {
            entries: above.len() as u64,
            bytes: above.iter().map(|(entry, _)| bytes(entry) as u64).sum(),
            oldest_created_at_ms: above.first().map(|(_, at)| *at),
        }
    }

    /// Everything that the store should hold.
    pub(super) fn snapshot(&self) -> Snapshot {
        let file = &self.file;
        let rows = file.peers.iter().map(|(id, peer)| peer.row(*id));
        let mut peers: Vec<PeerRow> = rows.collect();
        peers.sort_by(|a, b| a.peer_device_id.cmp(&b.peer_device_id));
        Snapshot {
            state: LogState {
                identity: self.identity,
                head: file.head,
                floor: file.floor,
                high_water: file.high_water,
                solo: file.solo,
                peers_declared: true,
                foreign_write: false,
            },
            peers,
            entries: file.entries.iter().map(|(e, _)| e.clone()).collect(),
            extent: self.extent(Hlc::ZERO),
        }
    }
}
