//! Where a log stands.

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::proof::Altered;
use super::state::LogIdentity;
use super::verdict::Verdict;

/// Where a log stands, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Status {
    /// Whose log it is, and which file.
    pub identity: LogIdentity,
    /// Highest HLC ever committed.
    pub head: Hlc,
    /// Highest HLC ever pruned.
    pub floor: Hlc,
    /// Highest HLC issued or observed.
    pub high_water: Hlc,
    /// How many entries the log holds.
    pub pending_entries: u64,
    /// Their content bytes.
    pub pending_bytes: u64,
    /// How long ago the oldest of them was written, in ms; 0 of an empty log.
    pub oldest_age_ms: u64,
    /// Peers that count.
    pub active_peers: usize,
    /// Peers that were retired.
    pub retired_peers: usize,
    /// Peers whose ack was found in an adopted file, and is not believed (`I3`).
    pub unverified_peers: usize,
    /// Peers with rows that something is wrong with (`P5`).
    pub untrusted_rows: usize,
    /// Whether the app declared that there are no peers (`P2`).
    pub solo: bool,
    /// Whether the peers that are registered are all there are (`I3`).
    pub peers_declared: bool,
    /// The verdicts: signs that this file, or a peer's, was restored or cloned.
    pub verdicts: Vec<Verdict>,
    /// Where it was found not to be what was written, if it was: it has to be adopted (`I4`).
    pub altered: Option<Altered>,
}
