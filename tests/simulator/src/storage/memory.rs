//! A store in memory as the file that it stands for.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{
    Altered, Birth, ChainFault, Contents, Hlc, LogIdentity, LogStore, OwnRow, PeerRow, PeerState,
    SharedChangeEntry, StoredEntry, Tag, Uuid, Verdict, VerdictKind,
};
use sync_log_memory::MemoryStore;

use super::{Dump, Foreign, Marks, PeerMark, Sign, Storage, adoption};
use crate::trace::START_MS;

pub(crate) struct MemoryFile {
    store: MemoryStore,
    log_ids: LogIds,
}

/// Gives each log an id: they count up.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogIds(Rc<Cell<u64>>);

impl LogIds {
    fn next(&self) -> Uuid {
        self.0.set(self.0.get() + 1);
        Uuid::from_u64_pair(0x10f, self.0.get())
    }
}

impl MemoryFile {
    /// A file that is made when the wall clock of the device reads `wall_ms`.
    pub(crate) fn create(
        log_ids: &LogIds,
        (library_id, device_id): (Uuid, Uuid),
        wall_ms: i64,
        birth: Birth,
    ) -> Self {
        let identity = LogIdentity {
            library_id: library_id.into(),
            device_id: device_id.into(),
            log_id: log_ids.next(),
        };
        Self {
            store: MemoryStore::new(identity, wall_ms, birth),
            log_ids: log_ids.clone(),
        }
    }

    /// A file that an earlier program made, which is still empty, and is opened at `now_ms`.
    pub(crate) fn of_earlier_program(log_ids: &LogIds, ids: (Uuid, Uuid), now_ms: i64) -> Self {
        let file = Self::create(log_ids, ids, now_ms, Birth::Alone);
        file.store
            .tamper(|contents| contents.state.altered = Some(NOT_OURS));
        file
    }
}

impl Storage for MemoryFile {
    fn open(&self, now_ms: i64) -> Result<Arc<dyn LogStore>> {
        if self.dump()?.marks.altered {
            let log_id = self.log_ids.next();
            self.store
                .tamper(|contents| adoption::adopt(contents, log_id, now_ms));
        }
        Ok(Arc::new(self.store.reopen()))
    }

    fn copy(&self) -> Result<Box<dyn Storage>> {
        Ok(Box::new(Self {
            store: self.store.copy(),
            log_ids: self.log_ids.clone(),
        }))
    }

    /// Of a copy: to tamper with the store wakes who watches it, and whether that happens
    /// is what is looked for.
    fn dump(&self) -> Result<Dump> {
        Ok(self.store.copy().tamper(|contents| {
            let entries = contents.entries.values().map(|stored| stored.entry.clone());
            let entries: Vec<SharedChangeEntry> = entries.collect();
            let state = &contents.state;
            let marks = Marks {
                head: state.head.hlc,
                head_tag: state.head.tag,
                floor: state.floor.hlc,
                floor_tag: state.floor.tag,
                high_water: state.high_water,
                settled: state.settled,
                solo: state.solo,
                declared: state.peers_declared,
                altered: state.altered.is_some(),
                peers: contents.peers.values().filter_map(mark).collect(),
                signs: contents.verdicts.values().map(sign).collect(),
            };
            Dump {
                log_id: state.identity.log_id,
                marks,
                entries,
            }
        }))
    }

    fn write(&self, foreign: &Foreign) -> Result<()> {
        self.store.tamper(|contents| match foreign {
            Foreign::Insert(entry) => {
                let stored = StoredEntry {
                    entry: entry.clone(),
                    created_at_ms: START_MS,
                    tag: None,
                };
                contents.entries.insert(entry.hlc, stored);
            }
            Foreign::Delete(gone) => contents.entries.retain(|hlc, _| !gone.contains(hlc)),
            Foreign::DeleteButItsTag(gone) => {
                let tag = contents.entries.remove(gone).and_then(|stored| stored.tag);
                contents.lost.extend(tag.map(|tag| (*gone, tag)));
            }
            Foreign::Ack(peer, hlc) => acknowledge(contents, *peer, *hlc),
            Foreign::Rewrite(hlc) | Foreign::DropTag(hlc) | Foreign::OtherTag(hlc) => {
                if let Some(stored) = contents.entries.get_mut(hlc) {
                    alter(stored, foreign);
                }
            }
        });
        Ok(())
    }
}

/// What an empty file of an earlier program is to the store in memory: one that is adopted
/// when it is opened.
const NOT_OURS: Altered = Altered {
    hlc: Hlc::ZERO,
    fault: ChainFault::NoTag,
};

fn alter(stored: &mut StoredEntry, foreign: &Foreign) {
    foreign.apply_to(&mut stored.entry);
    match foreign {
        Foreign::DropTag(_) => stored.tag = None,
        Foreign::OtherTag(_) => stored.tag = Some(Tag::from_bytes([1; 16])),
        _ => {}
    }
}

fn acknowledge(contents: &mut Contents, peer: Uuid, acked: Hlc) {
    let id = peer.to_string();
    let stranger = PeerRow {
        peer_device_id: id.clone(),
        own: None,
        mirror: None,
    };
    let row = contents.peers.entry(id).or_insert(stranger);
    row.mirror = Some(acked.to_string());
}

fn sign(verdict: &Verdict) -> (VerdictKind, Sign) {
    let (hlc, peer) = (verdict.hlc, verdict.peer);
    (
        verdict.kind,
        Sign {
            hlc,
            peer: peer.map(Uuid::from),
        },
    )
}

fn mark(row: &PeerRow) -> Option<(Uuid, PeerMark)> {
    let Some(OwnRow::Known { acked, facts, .. }) = row.own else {
        return None;
    };
    let mark = PeerMark {
        acked,
        active: matches!(facts.state, PeerState::Active),
        hold: facts.hold,
        verified: facts.verified,
        admission: facts.admission,
        mirror: row.mirror.as_deref().and_then(|text| text.parse().ok()),
    };
    Some((row.peer_device_id.parse().ok()?, mark))
}
