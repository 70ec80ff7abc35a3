//! Where a log stands: a pure function over one survey.

use hlc::Hlc;
use serde::Serialize;

use crate::peer::PeerRow;
use crate::policy::age;
use crate::proof::Altered;
use crate::state::{LogIdentity, LogState};
use crate::store::Survey;
use crate::verdict::Verdict;

/// Where a log stands, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
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

pub(crate) fn places(_: &LogState, _: &[PeerRow]) -> Vec<Hlc> {
    vec![Hlc::ZERO]
}

pub(crate) fn status(survey: &Survey, now_ms: i64) -> Status {
    let state = &survey.state;
    let pending = survey.extents.first().copied().unwrap_or_default();
    let judged = || survey.peers.iter().map(|row| row.judge(state));
    let peers = || survey.peers.iter().filter_map(|row| row.peer(state));
    let active = || peers().filter(crate::Peer::is_active);
    Status {
        identity: state.identity,
        head: state.head.hlc,
        floor: state.floor.hlc,
        high_water: state.high_water,
        pending_entries: pending.entries,
        pending_bytes: pending.bytes,
        oldest_age_ms: pending.oldest_created_at_ms.map_or(0, |at| age(at, now_ms)),
        active_peers: active().count(),
        retired_peers: peers().filter(|peer| !peer.is_active()).count(),
        unverified_peers: active().filter(|peer| !peer.facts.verified).count(),
        untrusted_rows: judged().filter(Result::is_err).count(),
        solo: state.solo,
        peers_declared: state.peers_declared,
        verdicts: survey.signs(),
        altered: state.altered,
    }
}
