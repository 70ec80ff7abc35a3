//! What a store is asked to read, and what it answers.

use hlc::Hlc;

use crate::model::{DeviceId, LogState, Mark, PeerRow, SharedChangeEntry, Tag, Verdict};

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// Entries strictly above this.
    pub after: Hlc,
    /// At most this many; 0 reads none.
    pub max_entries: usize,
    /// Stop before the page's content exceeds this.
    pub max_bytes: usize,
    /// Whose row to read with them.
    pub peer: Option<DeviceId>,
}

/// What was read, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadView {
    /// The log's state.
    pub state: LogState,
    /// The mark of the newest retained entry at or below `after`, if there is one.
    pub before: Option<Mark>,
    /// The entries above it.
    pub entries: Vec<FoundEntry>,
    /// Whether no entry is stored above these. Where the limits ended the read, that need not
    /// be known: then it is `false`.
    pub reached_end: bool,
    /// The row of the peer that was asked for, if there is one.
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
}

/// The answer of [`LogStore::survey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The log's state.
    pub state: LogState,
    /// All peer rows, ordered by their peer id text.
    pub peers: Vec<PeerRow>,
    /// One for each position that was asked about.
    pub extents: Vec<Extent>,
    /// The stored verdicts, at most one of a kind, in any order.
    pub verdicts: Vec<Verdict>,
}

impl Survey {
    /// The signs that were kept, in the order of their kinds.
    pub(crate) fn signs(&self) -> Vec<Verdict> {
        let mut signs = self.verdicts.clone();
        signs.sort_by_key(|verdict| verdict.kind);
        signs
    }
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// The entry. Without a tag, its `model_version` and `group_end` mean nothing.
    pub entry: SharedChangeEntry,
    /// The tag that is stored for it, if there is one.
    pub tag: Option<Tag>,
}

/// Where to sum up from, given the state and the peers.
pub type Positions = fn(&LogState, &[PeerRow]) -> Vec<Hlc>;
