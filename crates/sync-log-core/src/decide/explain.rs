//! Why the log is not shrinking (`P7`): a pure function over one survey.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;

use super::prune::{Watermark, age, watermark};
use crate::model::{
    Cause, Explanation, Held, LogState, OwnRow, Peer, PeerRow, PrunePolicy, Remedy, RowFault,
    UntrustedRow, Verdict, parse_uuid,
};
use crate::store::{Extent, Survey};

/// The places that [`explain`] needs summed up.
pub(crate) fn places(state: &LogState, peers: &[PeerRow]) -> Vec<Hlc> {
    let known = peers.iter().filter_map(|row| row.peer(state));
    let positions = known.filter(Peer::is_active).map(|peer| peer.position());
    let ends = [Hlc::ZERO, state.head.hlc];
    positions
        .chain(ends)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Explains why the log is not shrinking.
pub(crate) fn explain(survey: &Survey, policy: PrunePolicy, now_ms: i64) -> Explanation {
    let state = &survey.state;
    let places = places(state, &survey.peers);
    let extents: BTreeMap<Hlc, Extent> = places
        .into_iter()
        .zip(survey.extents.iter().copied())
        .collect();
    let above = |place: Hlc| extents.get(&place).copied().unwrap_or_default();
    let pending = above(Hlc::ZERO);

    let mut held: Vec<Held> = Vec::new();
    for row in &survey.peers {
        let peer = row.peer(state);
        let counts = peer.filter(Peer::is_active);
        let lag = counts.map_or_else(Extent::default, |peer| above(peer.position()));
        match row.judge(state) {
            Err(untrusted) if untrusted.fault != RowFault::OtherMirror => {
                held.push(held_by_row(untrusted, row, lag, now_ms));
            }
            judged => {
                held.extend(peer.and_then(|peer| held_by_peer(&peer, state, lag, now_ms)));
                let other = judged.err();
                held.extend(other.map(|other| held_by_row(other, row, Extent::default(), now_ms)));
            }
        }
    }
    held.extend(held_by_adoption(state, pending, now_ms));
    held.extend(survey.signs().into_iter().map(told_by));
    held.sort_by_key(|held| Reverse((held.lag_entries, held.lag_ms)));
    held.extend(match watermark(state, &survey.peers) {
        Watermark::Through(place) => held_by_policy(policy, pending, above(place), now_ms),
        // A row whose id is no peer's is listed, and keeps no entries.
        Watermark::Unknown if held.iter().all(|held| held.lag_entries == 0) => {
            held_by_nobody(survey, pending, now_ms)
        }
        Watermark::Unknown => None,
    });
    Explanation {
        head: state.head.hlc,
        floor: state.floor.hlc,
        pending: pending.entries,
        held,
    }
}

fn held_by_peer(peer: &Peer, state: &LogState, lag: Extent, now_ms: i64) -> Option<Held> {
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
    } else if peer.acked.is_zero() {
        (Cause::NeverAcked, Remedy::Pull)
    } else {
        (Cause::Behind, Remedy::Pull)
    };
    let registered_by = Some(peer.facts.registered_by);
    Some(Held {
        peer: Some(peer.peer),
        registered_by,
        ..held(cause, Some(remedy), lag, now_ms)
    })
}

/// What keeps nothing, and has to be seen to.
fn told_by(verdict: Verdict) -> Held {
    let remedy = Some(Remedy::NewIdentity);
    Held {
        peer: verdict.peer,
        ..held(Cause::Restored(verdict), remedy, Extent::default(), 0)
    }
}

/// What keeps everything, whatever the peers have.
fn held_by_adoption(state: &LogState, pending: Extent, now_ms: i64) -> Option<Held> {
    let (cause, remedy) = if let Some(altered) = state.altered {
        (Cause::Altered(altered), Remedy::RepairRow)
    } else if !state.peers_declared {
        (Cause::PeersNotDeclared, Remedy::Register)
    } else {
        return None;
    };
    Some(held(cause, Some(remedy), pending, now_ms))
}

fn held_by_row(untrusted: UntrustedRow, row: &PeerRow, lag: Extent, now_ms: i64) -> Held {
    let peer = parse_uuid(&untrusted.peer_device_id);
    let registered_by = match row.own {
        Some(OwnRow::Known { facts, .. }) => Some(facts.registered_by),
        _ => None,
    };
    let remedy = match untrusted.fault {
        RowFault::OtherMirror => Remedy::Pull,
        RowFault::PeerIdText | RowFault::NilPeer | RowFault::OwnPeer => Remedy::RepairRow,
        _ => Remedy::Register,
    };
    let cause = Cause::UntrustedRow(untrusted);
    Held {
        peer,
        registered_by,
        ..held(cause, Some(remedy), lag, now_ms)
    }
}

fn held_by_nobody(survey: &Survey, pending: Extent, now_ms: i64) -> Option<Held> {
    let mut rows = survey.peers.iter();
    let remedy = if rows.any(|row| row.peer(&survey.state).is_some()) {
        Remedy::DeclareSolo
    } else {
        Remedy::Register
    };
    (pending.entries > 0).then(|| held(Cause::NoPeers, Some(remedy), pending, now_ms))
}

/// What all peers have and is still there.
fn held_by_policy(policy: PrunePolicy, pending: Extent, lag: Extent, now_ms: i64) -> Option<Held> {
    let kept = Extent {
        entries: pending.entries.saturating_sub(lag.entries),
        bytes: pending.bytes.saturating_sub(lag.bytes),
        oldest_created_at_ms: pending.oldest_created_at_ms,
    };
    let oldest_age = kept.oldest_created_at_ms.map_or(0, |at| age(at, now_ms));
    let by_policy = match policy {
        PrunePolicy::AckedByAll => false,
        PrunePolicy::KeepFor { age_ms } => oldest_age < age_ms,
        PrunePolicy::KeepEntries { count } => kept.entries <= count as u64,
    };
    let cause = if by_policy {
        Cause::Retention
    } else {
        Cause::NotYetPruned
    };
    (kept.entries > 0).then(|| held(cause, None, kept, now_ms))
}

fn held(cause: Cause, remedy: Option<Remedy>, lag: Extent, now_ms: i64) -> Held {
    Held {
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
