//! Decides under the write lock which peers count, and how far: registered, retired, admitted
//! again, held, trusted.

use hlc::Hlc;

use super::ack::{known_peer, refuse_own, registration, repaired};
use crate::error::LogError;
use crate::model::{DeviceId, LogState, Peer, PeerState, RegisteredBy, RetireReason};
use crate::store::{Needs, PeersNeeded, View, Writes};

/// What registering a peer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Registration {
    /// The peer was not registered before, and counts from now on.
    New,
    /// The peer was registered already; nothing changed.
    Known,
}

/// The rows of `peer`.
pub(crate) fn of(peer: DeviceId) -> impl Fn(&LogState) -> Needs + Send + 'static {
    move |_| Needs {
        peers: PeersNeeded::One(peer),
        ..Needs::default()
    }
}

/// The rows of all peers.
pub(crate) fn all(_: &LogState) -> Needs {
    Needs {
        peers: PeersNeeded::All,
        ..Needs::default()
    }
}

/// Registers `peer`, which counts from then on (`K1`).
pub(crate) fn register(
    peer: DeviceId,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Writes, Registration), LogError> {
    refuse_own(peer, view.state)?;
    let row = view.peers.first();
    let known = known_peer(peer, row, view.state)?;
    let is_registered = row.is_some_and(|row| row.own.is_some());
    match known.filter(|_| is_registered) {
        Some(known) => Ok((repaired(known, view), Registration::Known)),
        None => {
            let new = Peer::new(peer, RegisteredBy::App, now_ms);
            Ok((registration(new, view.state), Registration::New))
        }
    }
}

/// Retires `peer`, which no longer counts.
pub(crate) fn retire(peer: DeviceId, view: &View<'_>, now_ms: i64) -> Result<Writes, LogError> {
    let mut row = any_peer(peer, view)?;
    if !row.is_active() {
        return Ok(repaired(row, view));
    }
    row.facts.state = PeerState::Retired {
        since_ms: now_ms,
        reason: RetireReason::Operator,
    };
    Ok(replaced(row))
}

/// Admits a retired peer, which counts again, under its next admission number (`K6`).
pub(crate) fn admit(
    peer: DeviceId,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Writes, u32), LogError> {
    let row = any_peer(peer, view)?;
    if row.is_active() {
        return Ok((repaired(row, view), row.facts.admission));
    }
    let admitted = row.admitted(now_ms);
    let admitted = admitted.ok_or(LogError::AdmittedTooOften { peer })?;
    let admission = admitted.facts.admission;
    Ok((registration(admitted, view.state), admission))
}

/// Declares that there are no peers (`P2`), which also declares the set of peers.
pub(crate) fn declare_solo(view: &View<'_>) -> Result<Writes, LogError> {
    let peers = view.peers.iter().filter_map(|row| row.peer(view.state));
    match peers.filter(Peer::is_active).count() {
        0 => Ok(Writes {
            solo: (!view.state.solo).then_some(true),
            ..declare_peers(view)
        }),
        active => Err(LogError::NotSolo { active }),
    }
}

/// Declares that the registered peers are all there are (`I3`).
pub(crate) fn declare_peers(view: &View<'_>) -> Writes {
    Writes {
        peers_declared: (!view.state.peers_declared).then_some(true),
        ..Writes::default()
    }
}

/// Trusts the ack that a peer's rows claim, if that ack is still `claim`: an operator vouched for
/// that ack, not for one that was written since. Returns whether the ack is trusted now.
pub(crate) fn trust(claim: Hlc, view: &View<'_>) -> (Writes, bool) {
    let row = view.peers.first();
    let is_meant = row.and_then(|row| row.claim(view.state)) == Some(claim);
    let peer = row.and_then(|row| row.peer(view.state));
    match peer.filter(|_| is_meant) {
        Some(mut peer) => {
            peer.acked = claim;
            peer.facts.verified = true;
            (replaced(peer), true)
        }
        None => (Writes::default(), false),
    }
}

/// Makes pruning hold where `peer` reads, if that is below its ack (`K2`).
pub(crate) fn hold(peer: DeviceId, reads_after: Hlc, view: &View<'_>) -> Result<Writes, LogError> {
    let (floor, head) = (view.state.floor.hlc, view.state.head.hlc);
    if reads_after < floor {
        return Err(LogError::Compacted {
            requested: reads_after,
            floor,
            head,
        });
    }
    let known = known_peer(peer, view.peers.first(), view.state)?;
    let mut row = known.ok_or(LogError::UnknownPeer { peer })?;
    if reads_after >= row.position() {
        return Ok(Writes::default());
    }
    row.facts.hold = Some(reads_after);
    Ok(replaced(row))
}

fn replaced(peer: Peer) -> Writes {
    Writes {
        peer: Some(peer),
        ..Writes::default()
    }
}

/// The peer by its rows, retired or not.
fn any_peer(peer: DeviceId, view: &View<'_>) -> Result<Peer, LogError> {
    let row = view.peers.first();
    let known = row.and_then(|row| row.peer(view.state));
    known.ok_or(LogError::UnknownPeer { peer })
}
