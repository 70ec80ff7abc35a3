//! What core asks a store to read, and what the store answers.

use hlc::Hlc;

use crate::model::{DeviceId, LogState, Mark, PeerRow, SharedChangeEntry, Tag, Verdict};

/// What a store has to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// Entries strictly above this.
    pub after: Hlc,
    /// At most this many; 0 reads none.
    pub max_entries: usize,
    /// The read stops before the content of the page exceeds this.
    pub max_bytes: usize,
    /// The peer whose row to read with the entries.
    pub peer: Option<DeviceId>,
}

/// The answer to a [`ReadRequest`], all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadView {
    /// The log's state.
    pub state: LogState,
    /// The mark of the newest retained entry at or below `after`, if there is one.
    pub before: Option<Mark>,
    /// The entries above `after`.
    pub entries: Vec<FoundEntry>,
    /// Whether no entry is stored above these. If the limits ended the read, a store need not know
    /// that, and returns `false`.
    pub reached_end: bool,
    /// The row of the peer of the request, if there is one.
    pub peer: Option<PeerRow>,
}

/// How much lies above a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Entries.
    pub entries: u64,
    /// Their content bytes: `model_type` and `data`.
    pub bytes: u64,
    /// When the oldest of them was written, in ms since the Unix epoch.
    pub oldest_created_at_ms: Option<i64>,
    /// The earliest time at which any of them was written, in ms since the Unix epoch. It is before
    /// that of the oldest if the wall clock was set back.
    pub earliest_created_at_ms: Option<i64>,
}

/// The answer of [`LogStore::survey`](crate::LogStore::survey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The log's state.
    pub state: LogState,
    /// All peer rows, ordered by their peer id text.
    pub peers: Vec<PeerRow>,
    /// One extent for each position, in the order of the positions.
    pub extents: Vec<Extent>,
    /// The stored verdicts, at most one of a kind, in any order.
    pub verdicts: Vec<Verdict>,
}

impl Survey {
    /// The stored verdicts, in the order of their kinds.
    pub(crate) fn signs(&self) -> Vec<Verdict> {
        let mut signs = self.verdicts.clone();
        signs.sort_by_key(|verdict| verdict.kind);
        signs
    }
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// The entry. If it has no tag, its `model_version` and `group_end` mean nothing.
    pub entry: SharedChangeEntry,
    /// The tag that is stored for it, if there is one.
    pub tag: Option<Tag>,
}

/// Returns the positions from which to sum up, given the state and the peers.
pub type Positions = fn(&LogState, &[PeerRow]) -> Vec<Hlc>;

/// The highest stamp below `hlc`: its bytes are a number, from which 1 is taken.
pub(crate) fn just_below(hlc: Hlc) -> Hlc {
    let mut bytes = hlc.to_bytes();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_sub(1);
        if *byte != u8::MAX {
            return Hlc::from_bytes(bytes);
        }
    }
    Hlc::ZERO
}
