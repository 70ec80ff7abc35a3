//! The reference: a slow log, written from the contract, that gives the expected answers.
//!
//! It shares no code with core except the value types, and the step from one mark to
//! the next, whose form is frozen by vectors of its own.

use std::collections::BTreeMap;

use sync_log_core::{
    Birth, Change, Cursor, DeviceId, Extent, Hlc, LogError, LogIdentity, LogState, Mark, PeerRow,
    PrunePolicy, SharedChangeEntry, Tag, UnknownPeers, Uuid, Verdict, VerdictKind,
};

use super::clock::{ModelClock, check_limits};
use super::op::HANDLES;
use super::peer::ModelPeer;
use crate::sample::{DEVICE, START_MS};
use crate::snapshot::Snapshot;

/// An entry that is there.
#[derive(Debug, Clone)]
pub(super) struct Retained {
    pub(super) entry: SharedChangeEntry,
    /// When it was written.
    pub(super) at_ms: i64,
    /// Its mark in the chain.
    pub(super) mark: Mark,
}

/// The part that survives a restart.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Entries, oldest first.
    pub(super) entries: Vec<Retained>,
    pub(super) head: Mark,
    pub(super) floor: Mark,
    pub(super) high_water: Hlc,
    pub(super) settled: Hlc,
    pub(super) solo: bool,
    pub(super) peers: BTreeMap<Uuid, ModelPeer>,
    pub(super) verdicts: BTreeMap<VerdictKind, Verdict>,
}

impl File {
    /// The file of a log that is made at the start.
    fn made(birth: Birth) -> Self {
        let settled = match birth {
            Birth::Alone | Birth::BesideRecords => {
                Hlc::new(START_MS.cast_unsigned() - 1, 0, DEVICE)
            }
            Birth::After(last) => last,
        };
        let begin = match birth {
            Birth::Alone => Mark::ZERO,
            Birth::BesideRecords | Birth::After(_) => Mark {
                hlc: settled,
                tag: Tag::ZERO,
            },
        };
        Self {
            entries: Vec::new(),
            head: begin,
            floor: begin,
            high_water: settled,
            settled,
            solo: false,
            peers: BTreeMap::new(),
            verdicts: BTreeMap::new(),
        }
    }
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
        birth: Birth,
        policy: PrunePolicy,
        unknown_peers: UnknownPeers,
    ) -> Self {
        let mut made = Self {
            identity,
            policy,
            unknown_peers,
            now_ms: START_MS,
            file: File::made(birth),
            clocks: [ModelClock::default(); HANDLES],
        };
        (0..HANDLES).for_each(|handle| made.reopen(handle));
        made
    }

    /// A handle is opened again.
    pub(super) fn reopen(&mut self, handle: usize) {
        self.clocks[handle] = ModelClock::default();
        self.resume(handle);
    }

    /// The file is put back.
    pub(super) fn restore(&mut self, file: &File) {
        self.file = file.clone();
        (0..HANDLES).for_each(|handle| self.reopen(handle));
    }

    /// Every write first reads the high-water of the storage.
    fn resume(&mut self, handle: usize) {
        let stored = self.file.high_water.max(self.file.head.hlc);
        self.clocks[handle].resume(stored);
    }

    pub(super) fn tick(&mut self, handle: usize) -> Hlc {
        self.resume(handle);
        let stamp = self.clocks[handle].tick(self.now_ms);
        self.file.high_water = stamp;
        stamp
    }

    /// Each change is a group by itself.
    pub(super) fn record_each(&mut self, handle: usize, changes: Vec<Change>) -> Vec<Hlc> {
        let mut stamps = Vec::new();
        for change in changes {
            let entry = change.stamped(self.tick(handle));
            stamps.push(entry.hlc);
            self.insert(entry);
        }
        stamps
    }

    /// The changes are one group.
    pub(super) fn record_many(&mut self, handle: usize, changes: Vec<Change>) -> Vec<Hlc> {
        let mut stamps = Vec::new();
        let count = changes.len();
        for (change, number) in changes.into_iter().zip(1..) {
            let mut entry = change.stamped(self.tick(handle));
            entry.group_end = number == count;
            stamps.push(entry.hlc);
            self.insert(entry);
        }
        stamps
    }

    fn insert(&mut self, entry: SharedChangeEntry) {
        let mark = self.file.head.then(&entry);
        self.file.head = mark;
        self.file.high_water = self.file.high_water.max(entry.hlc);
        self.file.entries.push(Retained {
            entry,
            at_ms: self.now_ms,
            mark,
        });
    }

    pub(super) fn append(
        &mut self,
        handle: usize,
        batch: Vec<SharedChangeEntry>,
    ) -> Result<(), LogError> {
        if let Some(entry) = batch.iter().find(|entry| entry.hlc.device_id != DEVICE) {
            return Err(LogError::ForeignOrigin {
                hlc: entry.hlc,
                device_id: DEVICE.into(),
            });
        }
        if let Some(last) = batch.last().filter(|last| !last.group_end) {
            return Err(LogError::GroupWithoutEnd { hlc: last.hlc });
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
        if first.hlc <= self.file.head.hlc.max(self.file.settled) {
            return self.retry(&batch);
        }
        let last = batch[batch.len() - 1].hlc;
        if last > self.file.high_water {
            check_limits(last, self.now_ms)?;
        }
        self.resume(handle);
        self.clocks[handle].resume(last);
        batch.into_iter().for_each(|entry| self.insert(entry));
        Ok(())
    }

    fn retry(&self, batch: &[SharedChangeEntry]) -> Result<(), LogError> {
        let is_unknown = |entry: &&SharedChangeEntry| {
            entry.hlc <= self.unknown_up_to() && self.entry(entry.hlc).is_none()
        };
        if let Some(entry) = batch.iter().find(is_unknown) {
            return Err(LogError::BelowFloor {
                hlc: entry.hlc,
                floor: self.unknown_up_to(),
            });
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
                hlc: batch[0].hlc,
                head: self.file.head.hlc,
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
        let own = remotes.iter().copied();
        let own = own.filter(|hlc| hlc.device_id == DEVICE && *hlc > self.unknown_up_to());
        let unknown = own.filter(|hlc| self.retained(*hlc).is_none());
        if let Some(hlc) = unknown.max() {
            self.note(VerdictKind::OwnStamp, hlc, None);
            return Err(LogError::UnknownOwnStamp { hlc });
        }
        self.resume(handle);
        self.clocks[handle].observe_all(remotes, self.now_ms)?;
        self.file.high_water = self.file.high_water.max(highest);
        Ok(Some(highest))
    }

    /// Up to this stamp the log knows retained entries only.
    fn unknown_up_to(&self) -> Hlc {
        self.file.floor.hlc.max(self.file.settled)
    }

    /// The first sign of a kind is kept.
    pub(super) fn note(&mut self, kind: VerdictKind, hlc: Hlc, peer: Option<Uuid>) {
        let found_at_ms = self.now_ms;
        self.file.verdicts.entry(kind).or_insert(Verdict {
            kind,
            hlc,
            peer: peer.map(DeviceId::from),
            found_at_ms,
        });
    }

    /// All signs are forgotten; how many there were.
    pub(super) fn dismiss_verdicts(&mut self) -> usize {
        std::mem::take(&mut self.file.verdicts).len()
    }

    /// The signs that are kept.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        self.file.verdicts.values().copied().collect()
    }

    fn retained(&self, hlc: Hlc) -> Option<&Retained> {
        let mut entries = self.file.entries.iter();
        entries.find(|retained| retained.entry.hlc == hlc)
    }

    fn entry(&self, hlc: Hlc) -> Option<&SharedChangeEntry> {
        self.retained(hlc).map(|retained| &retained.entry)
    }

    /// The cursor at a stamp whose past is known.
    pub(super) fn cursor(&self, hlc: Hlc) -> Option<Cursor> {
        if hlc == self.file.floor.hlc {
            return Some(self.floor_cursor());
        }
        Some(self.cursor_of(self.retained(hlc)?.mark))
    }

    pub(super) fn floor_cursor(&self) -> Cursor {
        self.cursor_of(self.file.floor)
    }

    pub(super) fn head_cursor(&self) -> Cursor {
        self.cursor_of(self.file.head)
    }

    fn cursor_of(&self, mark: Mark) -> Cursor {
        if mark == Mark::ZERO {
            return Cursor::ZERO;
        }
        Cursor::new(self.identity.log_id, mark.hlc, mark.tag).unwrap()
    }

    pub(super) fn prune(&mut self) -> usize {
        let gone = self.prunable();
        if let Some(last) = self.file.entries[..gone].last() {
            self.file.floor = last.mark;
        }
        self.file.entries.drain(..gone);
        gone
    }

    /// How many of the oldest entries no peer needs any more.
    fn prunable(&self) -> usize {
        let active = self.active_positions();
        if active.is_empty() && !self.file.solo {
            return 0;
        }
        let everybody_has = |hlc: Hlc| active.iter().all(|position| hlc <= *position);
        let entries = &self.file.entries;
        let acked = entries
            .iter()
            .filter(|r| everybody_has(r.entry.hlc))
            .count();
        match self.policy {
            PrunePolicy::KeepEntries { count } => acked.saturating_sub(count),
            PrunePolicy::KeepFor { age_ms } => {
                let is_young = |index: &usize| self.age_ms(*index) < age_ms;
                (0..acked).find(is_young).unwrap_or(acked)
            }
            _ => acked,
        }
    }

    /// The age of an entry. One that is dated after now is as old as the oldest behind it that is
    /// not.
    pub(super) fn age_ms(&self, index: usize) -> u64 {
        let from = |first: usize| self.file.entries[first..].iter().map(|r| r.at_ms);
        let past = |at_ms: &i64| *at_ms <= self.now_ms;
        let own = from(index).next().filter(past);
        let known = own.or_else(|| from(index + 1).filter(past).min());
        known.map_or(0, |at_ms| (self.now_ms - at_ms).cast_unsigned())
    }

    /// A summary of the entries above a stamp.
    pub(super) fn extent(&self, position: Hlc) -> Extent {
        let above: Vec<_> = self
            .file
            .entries
            .iter()
            .filter(|retained| retained.entry.hlc > position)
            .collect();
        let bytes = |entry: &SharedChangeEntry| entry.model_type.len() + entry.data.len_bytes();
        Extent {
            entries: above.len() as u64,
            bytes: above.iter().map(|r| bytes(&r.entry) as u64).sum(),
            oldest_created_at_ms: above.first().map(|retained| retained.at_ms),
            earliest_created_at_ms: above.iter().map(|retained| retained.at_ms).min(),
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
                settled: file.settled,
                solo: file.solo,
                peers_declared: true,
                with_records: false,
                altered: None,
            },
            peers,
            entries: file.entries.iter().map(|r| r.entry.clone()).collect(),
            tags: file.entries.iter().map(|r| Some(r.mark.tag)).collect(),
            extent: self.extent(Hlc::ZERO),
        }
    }
}
