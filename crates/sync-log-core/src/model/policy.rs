//! What an app chooses: what stays in the log, and what an unknown peer's ack does.

use serde::{Deserialize, Serialize};

/// What stays in the log after every active peer has acknowledged it.
///
/// No policy ever deletes an entry that an active peer lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PrunePolicy {
    /// Nothing: an entry goes as soon as every active peer has acknowledged it.
    #[default]
    AckedByAll,
    /// Entries younger than this, by `created_at`. An age is
    /// `max(0, now - created_at)`; the first entry that is too young keeps all
    /// that follow it.
    KeepFor {
        /// The age from which an entry may go, in ms.
        age_ms: u64,
    },
    /// The newest of the entries that all have acknowledged.
    KeepEntries {
        /// How many stay; at most [`MAX_KEPT_ENTRIES`].
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

/// What an ack from a peer does that was never registered (`K4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPeers {
    /// It registers the peer, and prunes nothing in that call.
    #[default]
    Register,
    /// It is refused. What every app should use that knows its peers.
    Refuse,
}
