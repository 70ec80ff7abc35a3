//! Decides under the write lock whether an acknowledgement is accepted (`K2`–`K4`).

use hlc::Hlc;
use uuid::Uuid;

use super::identity;
use crate::error::LogError;
use crate::model::{
    Ack, AckAt, AckOutcome, DeviceId, LogState, Peer, PeerRow, PeerState, RegisteredBy,
    UnknownPeers,
};
use crate::store::{Needs, PeersNeeded, View, Writes};

/// What the log has to see to decide `ack`.
pub(crate) fn needs(ack: Ack) -> Needs {
    Needs {
        marks: vec![ack.at.hlc()],
        peers: PeersNeeded::One(ack.peer),
        ..Needs::default()
    }
}

/// Decides an ack. The order of the checks is part of the contract.
pub(crate) fn decide(
    ack: Ack,
    unknown_peers: UnknownPeers,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Writes, AckOutcome), LogError> {
    let state = view.state;
    let Ack { peer, at, .. } = ack;
    refuse_own(peer, state)?;
    let known = known_peer(peer, view.peers.first(), state)?;
    if known.is_none() && unknown_peers == UnknownPeers::Refuse {
        return Err(LogError::UnknownPeer { peer });
    }
    let is_registered = view.peers.first().is_some_and(|row| row.own.is_some());
    let is_new = known.is_none();
    let row = known.unwrap_or_else(|| Peer::new(peer, RegisteredBy::Ack, now_ms));
    refuse_other_admission(ack, row.facts.admission, state)?;
    let (moved, outcome) = moved(row, at, view, now_ms)?;
    let writes = match moved {
        _ if !is_registered => registration(moved.unwrap_or(row), state),
        None => repaired(row, view),
        Some(_) => Writes {
            peer: moved,
            ..Writes::default()
        },
    };
    let outcome = if is_new {
        AckOutcome::Registered
    } else {
        outcome
    };
    Ok((writes, outcome))
}

/// Writes a peer's rows again, if something is wrong with them.
pub(crate) fn repaired(peer: Peer, view: &View<'_>) -> Writes {
    let is_wrong = |row: &PeerRow| row.fault(view.state).is_some();
    Writes {
        peer: view.peers.first().is_some_and(is_wrong).then_some(peer),
        ..Writes::default()
    }
}

/// The changes that make `row` a peer that counts; the first one ends solo.
pub(crate) fn registration(row: Peer, state: &LogState) -> Writes {
    Writes {
        peer: Some(row),
        solo: state.solo.then_some(false),
        ..Writes::default()
    }
}

/// The row as the ack leaves it, if it changes.
fn moved(
    row: Peer,
    at: AckAt,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Option<Peer>, AckOutcome), LogError> {
    let state = view.state;
    let hlc = at.hlc();
    refuse_other_log(at, state)?;
    if !hlc.is_zero() {
        refuse_impossible(row.device_id, hlc, state)?;
    }
    // An ack that is not verified was not given to this program, so a lower one does not go back.
    let acked = row.verified_ack();
    if hlc < acked {
        return Ok((None, AckOutcome::Stale));
    }
    let known = hlc.is_zero() || is_known(at, view);
    let mut released = row;
    released.facts.hold = None;
    if hlc == acked {
        let release = known && row.facts.hold.is_some();
        return Ok((release.then_some(released), AckOutcome::Unchanged));
    }
    if !known {
        return Err(LogError::UnknownStamp {
            peer: row.device_id,
            hlc,
        });
    }
    released.facts.verified = true;
    Ok((
        Some(Peer {
            acked: hlc,
            acked_at_ms: now_ms,
            ..released
        }),
        AckOutcome::Advanced,
    ))
}

fn refuse_other_admission(ack: Ack, admission: u32, state: &LogState) -> Result<(), LogError> {
    let Ack {
        peer,
        admission: given,
        ..
    } = ack;
    // A number that an earlier log of this device gave shows nothing about this one.
    if given > admission && is_of(ack.at, state.identity.log_id) {
        return Err(LogError::AdmissionAhead {
            peer,
            hlc: ack.at.hlc(),
            given,
            admission,
        });
    }
    if given != admission {
        return Err(LogError::OtherAdmission {
            peer,
            given,
            admission,
        });
    }
    Ok(())
}

fn refuse_other_log(at: AckAt, state: &LogState) -> Result<(), LogError> {
    let log_id = state.identity.log_id;
    match at {
        AckAt::Cursor(cursor) if !cursor.is_zero() && cursor.log_id() != log_id => {
            Err(LogError::OtherLog {
                requested: cursor.log_id(),
                log_id,
            })
        }
        _ => Ok(()),
    }
}

fn refuse_impossible(peer: DeviceId, hlc: Hlc, state: &LogState) -> Result<(), LogError> {
    let device_id = state.identity.device_id;
    if hlc.device_id != device_id {
        return Err(LogError::ForeignOrigin { hlc, device_id });
    }
    if hlc > state.head.hlc {
        return Err(LogError::AckBeyondHead {
            peer,
            hlc,
            head: state.head.hlc,
        });
    }
    Ok(())
}

/// Whether the ack says that it is of the log of that id.
fn is_of(at: AckAt, log_id: Uuid) -> bool {
    matches!(at, AckAt::Cursor(cursor) if cursor.log_id() == log_id)
}

/// Whether the ack names a retained entry or the floor, with its past.
fn is_known(at: AckAt, view: &View<'_>) -> bool {
    let mut known = view.marks.iter().chain([&view.state.floor]);
    match at {
        AckAt::Stamp(hlc) => known.any(|mark| mark.hlc == hlc),
        AckAt::Cursor(cursor) => known.any(|mark| *mark == cursor.mark()),
    }
}

/// Refuses this device and the nil id as a peer.
pub(crate) fn refuse_own(peer: DeviceId, state: &LogState) -> Result<(), LogError> {
    identity::refuse_nil(peer.as_uuid(), "peer id")?;
    if peer == state.identity.device_id {
        Err(LogError::OwnPeer { peer })
    } else {
        Ok(())
    }
}

/// The peer by its rows, if it has any and is not retired.
pub(crate) fn known_peer(
    peer: DeviceId,
    row: Option<&PeerRow>,
    state: &LogState,
) -> Result<Option<Peer>, LogError> {
    let known = row.and_then(|row| row.peer(state));
    match known.map(|known| known.facts.state) {
        Some(PeerState::Retired { since_ms, reason }) => Err(LogError::PeerRetired {
            peer,
            since_ms,
            reason,
        }),
        _ => Ok(known),
    }
}
