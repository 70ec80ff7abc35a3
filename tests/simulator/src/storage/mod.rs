//! The file of one log, seen from outside.

pub(crate) mod adoption;
mod memory;
mod sqlite;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sync_log_core::{Hlc, LogStore, SharedChangeEntry, Tag, Uuid, VerdictKind};

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

    /// Lets another program, or damage, at it.
    fn write(&self, foreign: &Foreign) -> Result<()>;
}

/// What another program writes, or damage does. Nobody tells the log.
pub(crate) enum Foreign {
    /// An entry, which is not there.
    Insert(SharedChangeEntry),
    /// Entries are gone, and their tags.
    Delete(Vec<Hlc>),
    /// One is gone, but not its tag.
    DeleteButItsTag(Hlc),
    /// One becomes a change of another model.
    Rewrite(Hlc),
    /// The row of one that holds its tag is gone.
    DropTag(Hlc),
    /// One has another tag.
    OtherTag(Hlc),
    /// In `peer_acks`, that a peer has everything up to there.
    Ack(Uuid, Hlc),
}

impl Foreign {
    /// What it makes of the entries of the device `own`.
    pub(crate) fn apply(&self, own: Uuid, entries: &mut Vec<SharedChangeEntry>) {
        match self {
            Self::Insert(entry) if entry.hlc.device_id == own => {
                let place = entries.partition_point(|other| other.hlc < entry.hlc);
                entries.insert(place, entry.clone());
            }
            Self::Delete(gone) => entries.retain(|entry| !gone.contains(&entry.hlc)),
            Self::DeleteButItsTag(gone) => entries.retain(|entry| entry.hlc != *gone),
            Self::Rewrite(_) | Self::DropTag(_) => {
                entries.iter_mut().for_each(|entry| self.apply_to(entry));
            }
            Self::Insert(_) | Self::OtherTag(_) | Self::Ack(..) => {}
        }
    }

    /// The lowest place of the chain at which something is other than it was.
    pub(crate) fn place(&self) -> Option<Hlc> {
        match self {
            Self::Insert(entry) => Some(entry.hlc),
            Self::Delete(gone) => gone.first().copied(),
            Self::DeleteButItsTag(hlc)
            | Self::Rewrite(hlc)
            | Self::DropTag(hlc)
            | Self::OtherTag(hlc) => Some(*hlc),
            Self::Ack(..) => None,
        }
    }

    /// What it makes of one entry.
    pub(crate) fn apply_to(&self, entry: &mut SharedChangeEntry) {
        match self {
            Self::Rewrite(hlc) if *hlc == entry.hlc => {
                OTHER_MODEL.clone_into(&mut entry.model_type)
            }
            // What the row said besides is gone with the tag.
            Self::DropTag(hlc) if *hlc == entry.hlc => {
                (entry.model_version, entry.group_end) = (0, true);
            }
            _ => {}
        }
    }
}

/// What a rewritten entry is a change of.
pub(crate) const OTHER_MODEL: &str = "album";

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    pub log_id: Uuid,
    pub marks: Marks,
    /// What is retained, ascending.
    pub entries: Vec<SharedChangeEntry>,
}

/// Where a log and its peers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    pub head: Hlc,
    pub head_tag: Tag,
    pub floor: Hlc,
    pub floor_tag: Tag,
    pub high_water: Hlc,
    /// The stamp at which the log got its log id.
    pub settled: Hlc,
    pub solo: bool,
    /// Whether somebody said that no peer is missing.
    pub declared: bool,
    /// Whether it was found not to be what was written, and not adopted since.
    pub altered: bool,
    /// The peers that this program knows, by its own rows.
    pub peers: BTreeMap<Uuid, PeerMark>,
    /// The signs that the file was restored or cloned.
    pub signs: BTreeMap<VerdictKind, Sign>,
}

impl Marks {
    /// Those of a new log.
    pub const fn zero() -> Self {
        Self {
            head: Hlc::ZERO,
            head_tag: Tag::ZERO,
            floor: Hlc::ZERO,
            floor_tag: Tag::ZERO,
            high_water: Hlc::ZERO,
            settled: Hlc::ZERO,
            solo: false,
            declared: true,
            altered: false,
            peers: BTreeMap::new(),
            signs: BTreeMap::new(),
        }
    }
}

/// What shows that a file was restored or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sign {
    /// The stamp that showed it.
    pub hlc: Hlc,
    pub peer: Option<Uuid>,
}

/// Where a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerMark {
    pub acked: Hlc,
    pub active: bool,
    /// Where pruning holds for it.
    pub hold: Option<Hlc>,
    /// Whether the ack was given to this program.
    pub verified: bool,
    /// How often it was admitted.
    pub admission: u32,
    /// What `peer_acks` says, whoever wrote that.
    pub mirror: Option<Hlc>,
}
