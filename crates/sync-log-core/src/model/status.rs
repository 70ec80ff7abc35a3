//! Where a log stands.

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::proof::Altered;
use super::state::LogIdentity;
use super::verdict::Verdict;

/// Where a log stands, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Status {
    /// Whose log it is, and the id of the file.
    pub identity: LogIdentity,
    /// Highest HLC ever committed.
    pub head: Hlc,
    /// Highest HLC ever pruned.
    pub floor: Hlc,
    /// Highest HLC issued or observed.
    pub high_water: Hlc,
    /// How far [`high_water`](Self::high_water) is ahead of the wall clock, in ms; 0 if it is not.
    /// Every stamp of this device is at least as far ahead (`H9`).
    #[serde(default)]
    pub clock_ahead_ms: u64,
    /// How many entries the log holds.
    pub pending_entries: u64,
    /// The content bytes of these entries.
    pub pending_bytes: u64,
    /// How long ago the oldest of these entries was written, in ms; 0 for an empty log.
    pub oldest_age_ms: u64,
    /// Peers that count.
    pub active_peers: usize,
    /// Peers that were retired.
    pub retired_peers: usize,
    /// Peers whose ack was found in an adopted file, and does not count (`I3`).
    pub unverified_peers: usize,
    /// Peers whose rows have a fault (`P5`).
    pub untrusted_rows: usize,
    /// Whether the app declared that there are no peers (`P2`).
    pub solo: bool,
    /// Whether the registered peers are all the peers there are (`I3`).
    pub peers_declared: bool,
    /// The verdicts: signs that this file, or a peer's, was restored or cloned.
    pub verdicts: Vec<Verdict>,
    /// The finding that the stored log is not as it was written, if there is one: the log has to be
    /// adopted (`I4`).
    pub altered: Option<Altered>,
}
