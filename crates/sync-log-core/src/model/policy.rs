//! The choices of an app: which entries stay in the log, and what an unknown peer's ack does.

use serde::{Deserialize, Serialize};

/// Which entries stay in the log after every active peer has acknowledged them.
///
/// No policy ever deletes an entry that an active peer lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PrunePolicy {
    /// No entry: an entry may be pruned as soon as every active peer has acknowledged it.
    #[default]
    AckedByAll,
    /// Entries that are younger than this, by `created_at`. The age of an entry is `now -
    /// created_at`. An entry that is dated after now counts as being as old as the oldest entry
    /// behind it that is not, and as new if there is none. The first entry that is too young keeps
    /// all entries after it.
    KeepFor {
        /// The age from which an entry may be pruned, in ms.
        age_ms: u64,
    },
    /// The newest of the entries that all peers have acknowledged.
    KeepEntries {
        /// How many entries stay; at most [`MAX_KEPT_ENTRIES`](crate::MAX_KEPT_ENTRIES).
        count: usize,
    },
}

impl PrunePolicy {
    /// How many of the oldest entries a plan has to see, to delete `chunk` of them.
    #[must_use]
    pub fn window(&self, chunk: usize) -> usize {
        match *self {
            Self::KeepEntries { count } => chunk + count,
            Self::AckedByAll | Self::KeepFor { .. } => chunk,
        }
    }
}

/// What the ack of a peer that was never registered does (`K4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPeers {
    /// The ack registers the peer, and prunes nothing in that call.
    #[default]
    Register,
    /// The ack is refused. Every app that knows its peers should choose this.
    Refuse,
}
