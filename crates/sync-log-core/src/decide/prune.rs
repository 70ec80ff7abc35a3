//! What may be deleted: a pure function from values to a plan.

use hlc::Hlc;

use crate::limits::PRUNE_CHUNK_ENTRIES;
use crate::model::{LogState, Peer, PeerRow, PrunePolicy};
use crate::store::EntrySummary;

/// What one chunk of a prune deletes: the oldest `entries`, up to `through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Plan {
    /// The newest entry to delete; `None` deletes nothing.
    pub through: Option<Hlc>,
    /// How many entries the chunk deletes.
    pub entries: usize,
}

/// How far every peer that counts has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watermark {
    /// Every active peer has acknowledged every entry up to and including this one, or the
    /// library is solo.
    Through(Hlc),
    /// Nothing may be deleted: there is no active peer, or there may be peers that the log does
    /// not know (`P2`, `I3`).
    Unknown,
}

/// Finds how far every peer that counts has come.
#[must_use]
pub fn watermark(state: &LogState, peers: &[PeerRow]) -> Watermark {
    if !state.peers_declared || state.altered.is_some() {
        return Watermark::Unknown;
    }
    let counts = peers.iter().filter_map(|row| row.peer(state));
    let slowest = counts
        .filter(Peer::is_active)
        .map(|peer| peer.position())
        .min();
    match slowest {
        Some(position) => Watermark::Through(position),
        None if state.solo => Watermark::Through(state.head.hlc),
        None => Watermark::Unknown,
    }
}

/// Plans one chunk.
///
/// `oldest` has the oldest entries, ascending, as many as [`window`](PrunePolicy::window) returns.
/// `peers` has all rows. A plan is always a prefix of `oldest`, so that the floor says exactly what
/// was deleted.
#[must_use]
pub fn plan(
    policy: PrunePolicy,
    state: &LogState,
    peers: &[PeerRow],
    oldest: &[EntrySummary],
    now_ms: i64,
) -> Plan {
    let Watermark::Through(watermark) = watermark(state, peers) else {
        return Plan::default();
    };
    let acked = oldest
        .iter()
        .take_while(|entry| entry.hlc <= watermark)
        .count();
    let entries = match policy {
        PrunePolicy::AckedByAll => acked,
        PrunePolicy::KeepEntries { count } => acked.saturating_sub(count),
        PrunePolicy::KeepFor { age_ms } => oldest[..acked]
            .iter()
            .take_while(|e| age(e.created_at_ms, now_ms) >= age_ms)
            .count(),
    };
    let entries = entries.min(PRUNE_CHUNK_ENTRIES);
    let through = entries.checked_sub(1).map(|last| oldest[last].hlc);
    Plan { through, entries }
}

/// The age of an entry, in ms; never negative, whatever the clock reads.
pub(crate) fn age(created_at_ms: i64, now_ms: i64) -> u64 {
    u64::try_from(now_ms.saturating_sub(created_at_ms)).unwrap_or(0)
}
