//! The file of one log, seen from outside.

mod memory;
mod sqlite;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{Hlc, LogStore, SharedChangeEntry, Tag, Uuid};

pub(crate) use memory::MemoryFile;
pub(crate) use sqlite::SqliteFile;

/// One file. A copy of it is another.
pub(crate) trait Storage {
    /// Opens it, as a process would that starts now.
    fn open(&self, now_ms: i64) -> Result<Arc<dyn LogStore>>;

    /// A copy, apart from it from then on. Every handle is closed.
    fn copy(&self) -> Result<Box<dyn Storage>>;

    /// What it holds, found without core. Nothing is in flight in the store.
    fn dump(&self) -> Result<Dump>;
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// Where the log stands.
    pub marks: Marks,
    /// What is retained, ascending.
    pub entries: Vec<SharedChangeEntry>,
}

/// Where a log and its peers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The head.
    pub head: Hlc,
    /// The floor.
    pub floor: Hlc,
    /// The floor's tag.
    pub floor_tag: Tag,
    /// The high-water.
    pub high_water: Hlc,
    /// Whether the library is solo.
    pub solo: bool,
    /// The peers that are there.
    pub peers: BTreeMap<Uuid, PeerMark>,
}

impl Marks {
    /// Those of a new log.
    #[must_use]
    pub const fn zero() -> Self {
        Self {
            head: Hlc::ZERO,
            floor: Hlc::ZERO,
            floor_tag: Tag::ZERO,
            high_water: Hlc::ZERO,
            solo: false,
            peers: BTreeMap::new(),
        }
    }
}

/// Where a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerMark {
    /// What it acknowledged.
    pub acked: Hlc,
    /// Whether it counts.
    pub active: bool,
    /// Where pruning holds for it.
    pub hold: Option<Hlc>,
}
