//! The file of one log, seen from outside.

pub(crate) mod adoption;
mod memory;
mod sqlite;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{Hlc, LogStore, SharedChangeEntry, Tag, Uuid};

pub(crate) use memory::{LogIds, MemoryFile};
pub(crate) use sqlite::SqliteFile;

/// One file. A copy of it is another.
pub(crate) trait Storage {
    /// Opens it, as a process would that starts now.
    fn open(&self, now_ms: i64) -> Result<Arc<dyn LogStore>>;

    /// A copy, apart from it from then on. Every handle is closed.
    fn copy(&self) -> Result<Box<dyn Storage>>;

    /// What it holds, found without core. Nothing is in flight in the store.
    fn dump(&self) -> Result<Dump>;

    /// Lets a program write to it that knows the original tables only.
    fn write(&self, foreign: &Foreign) -> Result<()>;
}

/// What a program writes that knows the original tables only.
pub(crate) enum Foreign {
    /// An entry, which is not there.
    Insert(SharedChangeEntry),
    /// That the entry with this stamp is gone.
    Delete(Hlc),
    /// That a peer has everything up to there.
    Ack(Uuid, Hlc),
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// Which log it is.
    pub log_id: Uuid,
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
    /// Whether somebody said that no peer is missing.
    pub declared: bool,
    /// Whether another program wrote to it, and it was not adopted since.
    pub foreign: bool,
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
            declared: true,
            foreign: false,
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
    /// Whether the ack was given to this program.
    pub verified: bool,
    /// How often it was admitted.
    pub admission: u32,
}
