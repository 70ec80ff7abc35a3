//! Whether an acknowledgement is taken, decided under the write lock (`K2`–`K4`).

use hlc::Hlc;
use uuid::Uuid;

use crate::cursor::Cursor;
use crate::error::LogError;
use crate::options::UnknownPeers;
use crate::peer::{Peer, PeerRow, PeerState, RegisteredBy};
use crate::state::{LogState, refuse_nil};
use crate::store::{Changes, Needs, PeersNeeded, View};
use crate::tag::Tag;

/// What became of an acknowledgement that was taken.
///
/// Exhaustive: callers decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckOutcome {
    /// The peer was not known; it is now, with this ack (`K4`).
    Registered,
    /// The peer is further than before.
    Advanced,
    /// The peer is where it was.
    Unchanged,
    /// The peer was further already; nothing moved.
    Stale,
}

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    /// A stamp only.
    Stamp(Hlc),
    /// A stamp, in which log, and with which content.
    Cursor(Cursor),
}

impl Claim {
    fn hlc(&self) -> Hlc {
        match self {
            Self::Stamp(hlc) => *hlc,
            Self::Cursor(cursor) => cursor.hlc(),
        }
    }

    fn matches(&self, tag: Tag) -> bool {
        match self {
            Self::Stamp(_) => true,
            Self::Cursor(cursor) => cursor.tag() == tag,
        }
    }
}

pub(crate) fn needs(peer: Uuid, claim: Claim) -> Needs {
    Needs {
        entries: vec![claim.hlc()],
        peers: PeersNeeded::One(peer),
        oldest: 0,
    }
}

/// An acknowledgement, and who gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ack {
    pub(crate) peer: Uuid,
    /// The number under which the peer was admitted.
    pub(crate) admission: u32,
    pub(crate) claim: Claim,
}

/// Decides an ack. The order of the checks is part of the contract.
pub(crate) fn decide(
    ack: Ack,
    unknown_peers: UnknownPeers,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Changes, AckOutcome), LogError> {
    let (state, Ack { peer, claim, .. }) = (view.state, ack);
    refuse_own(peer, state)?;
    let known = known_peer(peer, view.peers.first(), state)?;
    if known.is_none() && unknown_peers == UnknownPeers::Refuse {
        return Err(LogError::UnknownPeer { peer });
    }
    let registered = known.is_some();
    let row = known.unwrap_or_else(|| Peer::new(peer, RegisteredBy::Ack, now_ms));
    refuse_other_admission(ack, row.facts.admission)?;
    let (moved, outcome) = moved(row, claim, view, now_ms)?;
    if registered {
        Ok((
            Changes {
                peer: moved,
                ..Changes::default()
            },
            outcome,
        ))
    } else {
        Ok((
            registration(moved.unwrap_or(row), state),
            AckOutcome::Registered,
        ))
    }
}

/// The changes that make `row` a peer that counts; the first one ends solo.
pub(crate) fn registration(row: Peer, state: &LogState) -> Changes {
    Changes {
        peer: Some(row),
        solo: state.solo.then_some(false),
        ..Changes::default()
    }
}

/// The row as the ack leaves it, if it changes.
fn moved(
    row: Peer,
    claim: Claim,
    view: &View<'_>,
    now_ms: i64,
) -> Result<(Option<Peer>, AckOutcome), LogError> {
    let (state, hlc) = (view.state, claim.hlc());
    refuse_other_log(claim, state)?;
    if !hlc.is_zero() {
        refuse_impossible(row.peer, hlc, state)?;
    }
    // One that is not verified was never given here, so it cannot be gone back on.
    let acked = row.verified_ack();
    if hlc < acked {
        return Ok((None, AckOutcome::Stale));
    }
    let known = hlc.is_zero() || is_known(claim, view);
    let mut released = row;
    released.facts.hold = None;
    if hlc == acked {
        let release = known && row.facts.hold.is_some();
        return Ok((release.then_some(released), AckOutcome::Unchanged));
    }
    if !known {
        return Err(LogError::UnknownStamp {
            peer: row.peer,
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

fn refuse_other_admission(ack: Ack, admission: u32) -> Result<(), LogError> {
    match ack.admission == admission {
        true => Ok(()),
        false => Err(LogError::OtherAdmission {
            peer: ack.peer,
            given: ack.admission,
            admission,
        }),
    }
}

fn refuse_other_log(claim: Claim, state: &LogState) -> Result<(), LogError> {
    let log_id = state.identity.log_id;
    match claim {
        Claim::Cursor(cursor) if !cursor.is_zero() && cursor.log_id() != log_id => {
            Err(LogError::OtherLog {
                requested: cursor.log_id(),
                log_id,
            })
        }
        _ => Ok(()),
    }
}

fn refuse_impossible(peer: Uuid, hlc: Hlc, state: &LogState) -> Result<(), LogError> {
    let device_id = state.identity.device_id;
    if hlc.device_id != device_id {
        return Err(LogError::ForeignOrigin { hlc, device_id });
    }
    if hlc > state.head {
        return Err(LogError::AckBeyondHead {
            peer,
            hlc,
            head: state.head,
        });
    }
    Ok(())
}

/// Whether the claim names a retained entry or the floor, with its content.
fn is_known(claim: Claim, view: &View<'_>) -> bool {
    let entries = view.entries.iter().map(|entry| (entry.hlc, Tag::of(entry)));
    let floor = (view.state.floor.hlc, view.state.floor.tag);
    entries
        .chain([floor])
        .any(|(hlc, tag)| hlc == claim.hlc() && claim.matches(tag))
}

/// Refuses this device, and nobody, as a peer.
pub(crate) fn refuse_own(peer: Uuid, state: &LogState) -> Result<(), LogError> {
    refuse_nil(peer, "peer id")?;
    if peer == state.identity.device_id {
        Err(LogError::OwnPeer { peer })
    } else {
        Ok(())
    }
}

/// The peer's trusted row, if it has one and is not retired.
pub(crate) fn known_peer(
    peer: Uuid,
    row: Option<&PeerRow>,
    state: &LogState,
) -> Result<Option<Peer>, LogError> {
    let Some(row) = row else { return Ok(None) };
    if let Some(PeerState::Retired { since_ms, reason }) = row.facts.map(|facts| facts.state) {
        return Err(LogError::PeerRetired {
            peer,
            since_ms,
            reason,
        });
    }
    Ok(Some(row.judge(state)?))
}
