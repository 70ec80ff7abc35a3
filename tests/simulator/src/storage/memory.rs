//! A store in memory as the file that it stands for.

use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{
    Hlc, LogIdentity, LogStore, PeerRow, PeerState, ReadRequest, SharedChangeEntry, Uuid,
};
use sync_log_memory::MemoryStore;

use super::{Dump, Marks, PeerMark, Storage};
use crate::engine::Engine;

pub(crate) struct MemoryFile(MemoryStore);

impl MemoryFile {
    pub(crate) fn create(identity: LogIdentity) -> Self {
        Self(MemoryStore::new(identity))
    }
}

impl Storage for MemoryFile {
    fn open(&self, _: i64) -> Result<Arc<dyn LogStore>> {
        Ok(Arc::new(self.0.reopen()))
    }

    fn copy(&self) -> Result<Box<dyn Storage>> {
        Ok(Box::new(Self(self.0.copy())))
    }

    fn dump(&self) -> Result<Dump> {
        let request = ReadRequest {
            after: Hlc::ZERO,
            max_entries: 0,
            max_bytes: 0,
            peer: None,
        };
        let state = Engine::Memory.finish(self.0.read(request))?.state;
        let (entries, peers) = self.0.tamper(|contents| {
            let entries = contents.entries.values().map(|stored| stored.entry.clone());
            let entries: Vec<SharedChangeEntry> = entries.collect();
            (entries, contents.peers.values().filter_map(mark).collect())
        });
        let marks = Marks {
            head: state.head,
            floor: state.floor.hlc,
            floor_tag: state.floor.tag,
            high_water: state.high_water,
            solo: state.solo,
            peers,
        };
        Ok(Dump { marks, entries })
    }
}

fn mark(row: &PeerRow) -> Option<(Uuid, PeerMark)> {
    let mark = PeerMark {
        acked: row.last_acked_hlc.parse().ok()?,
        active: matches!(row.facts?.state, PeerState::Active),
        hold: row.facts?.hold,
    };
    Some((row.peer_device_id.parse().ok()?, mark))
}
