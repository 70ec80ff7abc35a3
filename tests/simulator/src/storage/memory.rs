//! A store in memory as the file that it stands for.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{
    Contents, LogIdentity, LogStore, PeerRow, PeerState, SharedChangeEntry, StoredEntry, Uuid,
};
use sync_log_memory::MemoryStore;

use super::{Dump, Foreign, Marks, PeerMark, Storage, adoption};
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
    pub(crate) fn create(log_ids: &LogIds, library_id: Uuid, device_id: Uuid) -> Self {
        let identity = LogIdentity {
            library_id,
            device_id,
            log_id: log_ids.next(),
        };
        Self {
            store: MemoryStore::new(identity),
            log_ids: log_ids.clone(),
        }
    }

    /// A file that an earlier program made, which is still empty.
    pub(crate) fn of_earlier_program(log_ids: &LogIds, library_id: Uuid, device_id: Uuid) -> Self {
        let file = Self::create(log_ids, library_id, device_id);
        file.store
            .tamper(|contents| contents.state.foreign_write = true);
        file
    }
}

impl Storage for MemoryFile {
    fn open(&self, now_ms: i64) -> Result<Arc<dyn LogStore>> {
        if self.dump()?.marks.foreign {
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
                head: state.head,
                floor: state.floor.hlc,
                floor_tag: state.floor.tag,
                high_water: state.high_water,
                solo: state.solo,
                declared: state.peers_declared,
                foreign: state.foreign_write,
                peers: contents.peers.values().filter_map(mark).collect(),
            };
            Dump {
                log_id: state.identity.log_id,
                marks,
                entries,
            }
        }))
    }

    /// Also what the triggers of the shipped store do: they note what was written.
    fn write(&self, foreign: &Foreign) -> Result<()> {
        self.store.tamper(|contents| match foreign {
            Foreign::Insert(entry) => {
                let stored = StoredEntry {
                    entry: entry.clone(),
                    created_at_ms: START_MS,
                };
                contents.entries.insert(entry.hlc, stored);
                contents.state.foreign_write = true;
            }
            Foreign::Delete(hlc) => {
                contents.entries.remove(hlc);
                contents.state.foreign_write = true;
            }
            Foreign::Ack(peer, hlc) => acknowledge(contents, *peer, &hlc.to_string()),
        });
        Ok(())
    }
}

fn acknowledge(contents: &mut Contents, peer: Uuid, acked: &str) {
    let id = peer.to_string();
    let new = PeerRow {
        peer_device_id: id.clone(),
        last_acked_hlc: String::new(),
        acked_at_ms: 0,
        facts: None,
    };
    let row = contents.peers.entry(id).or_insert(new);
    if let Some(facts) = &mut row.facts {
        facts.verified &= *acked <= *row.last_acked_hlc;
    }
    row.last_acked_hlc = acked.to_owned();
}

fn mark(row: &PeerRow) -> Option<(Uuid, PeerMark)> {
    let facts = row.facts?;
    let mark = PeerMark {
        acked: row.last_acked_hlc.parse().ok()?,
        active: matches!(facts.state, PeerState::Active),
        hold: facts.hold,
        verified: facts.verified,
        admission: facts.admission,
    };
    Some((row.peer_device_id.parse().ok()?, mark))
}
