//! Why the log is not shrinking (`P7`): a pure function over one survey.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hlc::{DriftLimit, Hlc};

use super::age::{age, age_at_least};
use super::clock;
use super::prune::{PruneLimit, prune_limit};
use crate::limits::RETIRE_AFTER_MS;
use crate::model::{
    Cause, DeviceId, Explanation, LogState, OwnRow, Peer, PeerRow, PrunePolicy, Reason, Remedy,
    RowFault, UntrustedRow, Verdict, parse_uuid,
};
use crate::store::{Extent, Survey, just_below};

/// The positions that [`explain`] needs summed up.
pub(crate) fn positions(state: &LogState, peers: &[PeerRow]) -> Vec<Hlc> {
    let known = peers.iter().filter_map(|row| row.peer(state));
    let positions = known.filter(Peer::is_active).map(|peer| peer.position());
    let head = state.head.hlc;
    // Above the position just below it, the entry at the head is the only one.
    let ends = [Hlc::ZERO, just_below(head), head];
    positions
        .chain(ends)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Explains why the log is not shrinking.
pub(crate) fn explain(
    survey: &Survey,
    policy: PrunePolicy,
    limit: DriftLimit,
    now_ms: i64,
) -> Explanation {
    let state = &survey.state;
    let positions = positions(state, &survey.peers);
    let extents: BTreeMap<Hlc, Extent> = positions
        .into_iter()
        .zip(survey.extents.iter().copied())
        .collect();
    let above = |position: Hlc| extents.get(&position).copied().unwrap_or_default();
    let pending = above(Hlc::ZERO);

    let of_peers = survey.peers.iter().flat_map(|row| {
        let position = row.peer(state).filter(Peer::is_active);
        let lag = position.map_or_else(Extent::default, |active| above(active.position()));
        kept_by_rows(row, state, lag, now_ms)
    });
    let mut reasons: Vec<Reason> = of_peers.collect();
    reasons.extend(kept_by_adoption(state, pending, now_ms));
    let newest_at_ms = above(just_below(state.head.hlc)).oldest_created_at_ms;
    reasons.extend(only_named(survey, newest_at_ms, limit, now_ms));
    sort_worst_first(&mut reasons);
    reasons.extend(match prune_limit(state, &survey.peers) {
        PruneLimit::Through(position) => kept_by_policy(policy, pending, above(position), now_ms),
        // A row whose id is no peer's is listed, and keeps no entries.
        PruneLimit::Unknown if reasons.iter().all(|reason| reason.lag_entries == 0) => {
            kept_without_peers(survey, pending, now_ms)
        }
        PruneLimit::Unknown => None,
    });
    Explanation {
        head: state.head.hlc,
        floor: state.floor.hlc,
        pending_entries: pending.entries,
        reasons,
    }
}

/// The verdict that a peer showed comes before what that peer keeps: as long as a file of either was
/// restored or cloned, the peer cannot read on.
fn sort_worst_first(reasons: &mut [Reason]) {
    let kept = |reason: &Reason| (reason.lag_entries, reason.lag_ms);
    let mut kept_by: BTreeMap<DeviceId, (u64, u64)> = BTreeMap::new();
    for reason in &*reasons {
        if let Some(peer) = reason.peer {
            let most = kept_by.entry(peer).or_default();
            *most = kept(reason).max(*most);
        }
    }
    reasons.sort_by_key(|reason| match (&reason.cause, reason.peer) {
        (Cause::Restored(_), Some(peer)) => Reverse((kept_by[&peer], true)),
        _ => Reverse((kept(reason), false)),
    });
}

/// What a peer keeps, and what is wrong with its rows.
fn kept_by_rows(row: &PeerRow, state: &LogState, lag: Extent, now_ms: i64) -> Vec<Reason> {
    let untrusted = row.judge(state).err();
    let is_more_than_a_mirror = |found: &UntrustedRow| found.fault != RowFault::OtherMirror;
    if let Some(untrusted) = untrusted.clone().filter(is_more_than_a_mirror) {
        return vec![kept_by_fault(untrusted, row, lag, now_ms)];
    }
    // Another mirror keeps nothing itself: the own row counts.
    let other_mirror = untrusted.map(|other| kept_by_fault(other, row, Extent::default(), now_ms));
    let peer = row.peer(state);
    let kept = peer.and_then(|peer| kept_by_peer(&peer, state, lag, now_ms));
    kept.into_iter().chain(other_mirror).collect()
}

fn kept_by_peer(peer: &Peer, state: &LogState, lag: Extent, now_ms: i64) -> Option<Reason> {
    if !peer.is_active() {
        return None;
    }
    let (cause, remedy) = if !peer.facts.verified {
        (
            Cause::UnverifiedAck { acked: peer.acked },
            Remedy::Bootstrap,
        )
    } else if peer.position() < state.floor.hlc {
        (Cause::BelowFloor, Remedy::Bootstrap)
    } else if lag.entries == 0 {
        return None;
    } else if let Some(hold) = peer.facts.hold.filter(|hold| *hold < peer.acked) {
        (
            Cause::PeerRewound {
                hold,
                acked: peer.acked,
            },
            Remedy::Pull,
        )
    } else {
        let cause = if peer.acked.is_zero() {
            Cause::NeverAcked
        } else {
            Cause::Behind
        };
        (cause, pull_or_retire(peer, lag, now_ms))
    };
    let registered_by = Some(peer.facts.registered_by);
    Some(Reason {
        peer: Some(peer.device_id),
        registered_by,
        ..reason(cause, Some(remedy), lag, now_ms)
    })
}

/// Age alone is no reason to retire a peer: one that registered or acknowledged recently may still
/// lack old entries.
fn pull_or_retire(peer: &Peer, lag: Extent, now_ms: i64) -> Remedy {
    let silent_ms = age(peer.acked_at_ms, now_ms);
    let lag_ms = lag.oldest_created_at_ms.map_or(0, |at| age(at, now_ms));
    if silent_ms.min(lag_ms) >= RETIRE_AFTER_MS {
        Remedy::Retire
    } else {
        Remedy::Pull
    }
}

/// What keeps no entries, and an operator has to see: the verdicts, and a clock that is ahead.
fn only_named(
    survey: &Survey,
    newest_at_ms: Option<i64>,
    limit: DriftLimit,
    now_ms: i64,
) -> Vec<Reason> {
    let signs = survey.signs();
    let ahead = clock::cause(&survey.state, &signs, newest_at_ms, limit, now_ms);
    let ahead = ahead.map(|(cause, remedy)| keeps_nothing(cause, remedy));
    signs.into_iter().map(restored).chain(ahead).collect()
}

/// A verdict: it keeps nothing, and an operator has to see it.
fn restored(verdict: Verdict) -> Reason {
    Reason {
        peer: verdict.peer,
        ..keeps_nothing(Cause::Restored(verdict), Remedy::NewIdentity)
    }
}

fn keeps_nothing(cause: Cause, remedy: Remedy) -> Reason {
    reason(cause, Some(remedy), Extent::default(), 0)
}

/// What keeps everything, whatever the peers have.
fn kept_by_adoption(state: &LogState, pending: Extent, now_ms: i64) -> Option<Reason> {
    let (cause, remedy) = if let Some(altered) = state.altered {
        (Cause::Altered(altered), Remedy::Reopen)
    } else if !state.peers_declared {
        (Cause::PeersNotDeclared, Remedy::Register)
    } else {
        return None;
    };
    Some(reason(cause, Some(remedy), pending, now_ms))
}

fn kept_by_fault(untrusted: UntrustedRow, row: &PeerRow, lag: Extent, now_ms: i64) -> Reason {
    let peer = parse_uuid(&untrusted.peer_device_id).map(DeviceId::from);
    let registered_by = match row.own {
        Some(OwnRow::Known { facts, .. }) => Some(facts.registered_by),
        _ => None,
    };
    let remedy = match untrusted.fault {
        RowFault::OtherMirror => Remedy::Pull,
        RowFault::PeerIdText | RowFault::NilPeer | RowFault::OwnPeer => Remedy::Reopen,
        _ => Remedy::Register,
    };
    let cause = Cause::UntrustedRow(untrusted);
    Reason {
        peer,
        registered_by,
        ..reason(cause, Some(remedy), lag, now_ms)
    }
}

fn kept_without_peers(survey: &Survey, pending: Extent, now_ms: i64) -> Option<Reason> {
    let mut rows = survey.peers.iter();
    let remedy = if rows.any(|row| row.peer(&survey.state).is_some()) {
        Remedy::DeclareSolo
    } else {
        Remedy::Register
    };
    (pending.entries > 0).then(|| reason(Cause::NoPeers, Some(remedy), pending, now_ms))
}

/// What all peers have and is still there.
fn kept_by_policy(
    policy: PrunePolicy,
    pending: Extent,
    lag: Extent,
    now_ms: i64,
) -> Option<Reason> {
    let kept = Extent {
        entries: pending.entries.saturating_sub(lag.entries),
        bytes: pending.bytes.saturating_sub(lag.bytes),
        ..pending
    };
    let oldest_age = kept.oldest_created_at_ms.map_or(0, |at_ms| {
        age_at_least(at_ms, kept.earliest_created_at_ms, now_ms)
    });
    let by_policy = match policy {
        PrunePolicy::AckedByAll => false,
        PrunePolicy::KeepFor { age_ms } => oldest_age < age_ms,
        PrunePolicy::KeepEntries { count } => kept.entries <= count as u64,
    };
    let (cause, remedy) = if by_policy {
        (Cause::Retention, None)
    } else {
        (Cause::NotYetPruned, Some(Remedy::Prune))
    };
    (kept.entries > 0).then(|| reason(cause, remedy, kept, now_ms))
}

fn reason(cause: Cause, remedy: Option<Remedy>, lag: Extent, now_ms: i64) -> Reason {
    Reason {
        cause,
        peer: None,
        registered_by: None,
        lag_entries: lag.entries,
        lag_bytes: lag.bytes,
        lag_ms: lag.oldest_created_at_ms.map_or(0, |at| age(at, now_ms)),
        remedy,
    }
}

#[cfg(test)]
mod tests;
