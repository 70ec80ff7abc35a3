//! What may be deleted: a pure function from values to a plan.

use hlc::Hlc;

use super::age::{age_at_least, is_after};
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
pub enum PruneLimit {
    /// Every active peer has acknowledged every entry up to and including this one, or the
    /// library is solo.
    Through(Hlc),
    /// Nothing may be deleted: there is no active peer, or there may be peers that the log does
    /// not know (`P2`, `I3`).
    Unknown,
}

/// Finds how far every peer that counts has come.
#[must_use]
pub fn prune_limit(state: &LogState, peers: &[PeerRow]) -> PruneLimit {
    if !state.peers_declared || state.altered.is_some() {
        return PruneLimit::Unknown;
    }
    let counts = peers.iter().filter_map(|row| row.peer(state));
    let slowest = counts
        .filter(Peer::is_active)
        .map(|peer| peer.position())
        .min();
    match slowest {
        Some(position) => PruneLimit::Through(position),
        None if state.solo => PruneLimit::Through(state.head.hlc),
        None => PruneLimit::Unknown,
    }
}

/// The earliest time at which a retained entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Earliest {
    /// The floor of the log when this was found.
    pub(crate) floor: Hlc,
    /// The time.
    pub(crate) ms: Option<i64>,
}

/// One chunk, and what stops it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Chunk {
    pub(crate) plan: Plan,
    /// The policy keeps the next entry that every peer has, and that entry is dated after now. It
    /// may go once the earliest time in the whole log is known.
    pub(crate) is_dated_after_now: bool,
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
    chunk(policy, state, peers, oldest, None, now_ms).plan
}

/// Plans one chunk, with the earliest time in the log, if that is known.
pub(crate) fn chunk(
    policy: PrunePolicy,
    state: &LogState,
    peers: &[PeerRow],
    oldest: &[EntrySummary],
    earliest: Option<Earliest>,
    now_ms: i64,
) -> Chunk {
    let PruneLimit::Through(limit) = prune_limit(state, peers) else {
        return Chunk::default();
    };
    let acked = oldest.iter().take_while(|entry| entry.hlc <= limit).count();
    let entries = match policy {
        PrunePolicy::AckedByAll => acked,
        PrunePolicy::KeepEntries { count } => acked.saturating_sub(count),
        PrunePolicy::KeepFor { age_ms } => {
            // While the floor stands, the entry of that time is still retained.
            let earliest = earliest.filter(|earliest| earliest.floor == state.floor.hlc);
            let ages = ages(oldest, earliest.and_then(|earliest| earliest.ms), now_ms);
            let is_old = |age: &&u64| **age >= age_ms;
            ages[..acked].iter().take_while(is_old).count()
        }
    };
    let is_kept_for_a_time = matches!(policy, PrunePolicy::KeepFor { .. });
    let next = oldest[entries..acked]
        .first()
        .filter(|_| is_kept_for_a_time);
    let is_dated_after_now = next.is_some_and(|next| is_after(next.created_at_ms, now_ms));
    let entries = entries.min(PRUNE_CHUNK_ENTRIES);
    let through = entries.checked_sub(1).map(|last| oldest[last].hlc);
    Chunk {
        plan: Plan { through, entries },
        is_dated_after_now,
    }
}

/// How old each entry is at least. `earliest_ms` is the earliest time at which an entry of the log
/// was written, if that is known.
fn ages(oldest: &[EntrySummary], earliest_ms: Option<i64>, now_ms: i64) -> Vec<u64> {
    let is_after_now = |entry: &&EntrySummary| is_after(entry.created_at_ms, now_ms);
    // Every entry that is not dated after now is behind these.
    let leading = oldest.iter().take_while(is_after_now).count();
    let mut behind_ms = None;
    let mut ages = Vec::with_capacity(oldest.len());
    for (index, entry) in oldest.iter().enumerate().rev() {
        let of_log_ms = earliest_ms.filter(|_| (..leading).contains(&index));
        ages.push(age_at_least(
            entry.created_at_ms,
            of_log_ms.or(behind_ms),
            now_ms,
        ));
        behind_ms = behind_ms.into_iter().chain([entry.created_at_ms]).min();
    }
    ages.reverse();
    ages
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::LogIdentity;

    const NOW_MS: i64 = 1000;
    const POLICY: PrunePolicy = PrunePolicy::KeepFor { age_ms: 100 };

    fn stamp(number: u64) -> Hlc {
        Hlc::new(number, 0, Uuid::from_u128(0xd0))
    }

    /// The chunk of a solo library whose oldest entries were written at these times.
    fn chunk_of(created_at_ms: &[i64], earliest: Option<Earliest>) -> Chunk {
        let mut state = LogState::new(LogIdentity {
            library_id: Uuid::from_u128(1).into(),
            device_id: Uuid::from_u128(0xd0).into(),
            log_id: Uuid::from_u128(2),
        });
        state.head.hlc = stamp(100);
        state.solo = true;
        let numbered = created_at_ms.iter().zip(1..);
        let summary = |(at_ms, number): (&i64, u64)| EntrySummary {
            hlc: stamp(number),
            created_at_ms: *at_ms,
        };
        let oldest: Vec<EntrySummary> = numbered.map(summary).collect();
        chunk(POLICY, &state, &[], &oldest, earliest, NOW_MS)
    }

    #[test]
    fn a_chunk_says_whether_it_stops_at_an_entry_that_is_dated_after_now() {
        let stops = |created_at_ms: &[i64]| {
            let chunk = chunk_of(created_at_ms, None);
            (chunk.plan.entries, chunk.is_dated_after_now)
        };
        assert_eq!(stops(&[900, NOW_MS + 1]), (1, true));
        assert_eq!(stops(&[900, NOW_MS]), (1, false));
        assert_eq!(stops(&[900, NOW_MS - 1]), (1, false));
        assert_eq!(stops(&[900, 900]), (2, false));
        assert_eq!(stops(&[NOW_MS + 1, 900]), (2, false), "behind it");
        assert_eq!(stops(&[NOW_MS, 900]), (0, false), "its own time is known");
    }

    #[test]
    fn the_earliest_time_in_the_log_counts_for_what_is_dated_after_now_before_it() {
        let entries = |created_at_ms: &[i64], floor: Hlc| {
            let ms = Some(900);
            chunk_of(created_at_ms, Some(Earliest { floor, ms })).plan
        };
        let later = NOW_MS + 1;
        let of_two = Plan {
            through: Some(stamp(2)),
            entries: 2,
        };
        assert_eq!(entries(&[later, later], Hlc::ZERO), of_two);
        let floor_moved = entries(&[later, later], stamp(1));
        assert_eq!(floor_moved, Plan::default(), "the entry may be pruned");
        let up_to_its_own_time = entries(&[later, later, NOW_MS, later], Hlc::ZERO);
        assert_eq!(up_to_its_own_time, of_two);
        let behind_the_earliest = entries(&[900, later], Hlc::ZERO);
        assert_eq!(behind_the_earliest.entries, 1);
    }
}
