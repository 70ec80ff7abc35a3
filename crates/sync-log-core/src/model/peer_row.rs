//! The rows that are stored about a peer, and what is wrong with them (`P5`).

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::ids::DeviceId;
use super::judge::{self, PeerIdFault};
use super::peer::{Peer, PeerFacts, RegisteredBy};
use super::state::LogState;

/// A peer's rows as the store holds them, before core judges them.
///
/// Only this program's own row counts (`P5`). The row of `peer_acks` is a mirror for other
/// programs, and any of them may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerRow {
    /// The peer's id, as it is stored.
    pub peer_device_id: String,
    /// This program's own row, if there is one.
    pub own: Option<OwnRow>,
    /// `peer_acks.last_acked_hlc`, if there is such a row.
    pub mirror: Option<String>,
}

/// This program's own row about a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnRow {
    /// The row is as it was written.
    Known {
        /// The stamp that the peer acknowledged.
        acked: Hlc,
        /// When the row last changed, in ms since the Unix epoch.
        acked_at_ms: i64,
        /// The rest.
        facts: PeerFacts,
    },
    /// The row cannot be read.
    Unreadable {
        /// The number under which the peer was admitted, if it can be read.
        admission: Option<u32>,
    },
}

impl From<Peer> for PeerRow {
    fn from(peer: Peer) -> Self {
        Self {
            peer_device_id: peer.device_id.to_string(),
            own: Some(OwnRow::Known {
                acked: peer.acked,
                acked_at_ms: peer.acked_at_ms,
                facts: peer.facts,
            }),
            mirror: Some(peer.acked.to_string()),
        }
    }
}

/// The fault of a peer's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowFault {
    /// The peer id is not a UUID in its one spelling. The row does not count, and the next opening
    /// puts it aside.
    #[error("its peer id is not a lower-case hyphenated UUID")]
    PeerIdText,
    /// The peer id is nil; as for [`PeerIdText`](Self::PeerIdText).
    #[error("its peer id is nil")]
    NilPeer,
    /// The peer is this device itself; as for [`PeerIdText`](Self::PeerIdText).
    #[error("its peer is this device itself")]
    OwnPeer,
    /// This program never registered the peer: another program wrote a row about it. The peer
    /// counts, and its ack does not.
    #[error("it was written by another program, and counts for nothing")]
    NotRegistered,
    /// The own row cannot be read. The peer counts as if it had never acknowledged.
    #[error("it cannot be read, and counts for nothing")]
    Unreadable,
    /// The ack is a stamp of another device, or above everything that this log ever held. The ack
    /// does not count.
    #[error("its HLC is no stamp of this log, and counts for nothing")]
    ImpossibleAck,
    /// The row of `peer_acks` is missing, or differs from the own row, which counts.
    #[error("another program changed its copy in peer_acks, which counts for nothing")]
    OtherMirror,
}

/// Rows of a peer with a fault (`P5`). A registration, retirement, admission or ack of the peer
/// writes both rows again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("failed to trust the row of peer {peer_device_id:?}: {fault}")]
pub struct UntrustedRow {
    /// The peer id as it is stored.
    pub peer_device_id: String,
    /// The fault.
    #[source]
    pub fault: RowFault,
}

/// The admission number of a peer whose stored number cannot be read. It is above every number that
/// a log gives, so an ack under an older number is refused.
const UNREADABLE_ADMISSION: u32 = 1 << 31;

impl PeerRow {
    /// The peer that counts by these rows, whatever their fault; `None` if the id cannot be a
    /// peer's.
    #[must_use]
    pub fn peer(&self, state: &LogState) -> Option<Peer> {
        let id = self.id(state).ok()?;
        let unknown = Peer::new(id, RegisteredBy::Adoption, 0);
        Some(match self.own {
            None => unknown,
            Some(OwnRow::Unreadable { admission }) => {
                let mut unreadable = unknown;
                unreadable.facts.admission = admission.unwrap_or(UNREADABLE_ADMISSION);
                unreadable
            }
            Some(OwnRow::Known {
                acked,
                acked_at_ms,
                facts,
            }) => Peer {
                device_id: id,
                acked: if is_possible(acked, state) {
                    acked
                } else {
                    Hlc::ZERO
                },
                acked_at_ms,
                facts,
            },
        })
    }

    /// The fault of these rows, if they have one.
    #[must_use]
    pub fn fault(&self, state: &LogState) -> Option<RowFault> {
        if let Err(fault) = self.id(state) {
            return Some(fault);
        }
        match self.own {
            None => Some(RowFault::NotRegistered),
            Some(OwnRow::Unreadable { .. }) => Some(RowFault::Unreadable),
            Some(OwnRow::Known { acked, .. }) => {
                let is_mirrored = self.mirror.as_deref() == Some(&*acked.to_text());
                if !is_possible(acked, state) {
                    Some(RowFault::ImpossibleAck)
                } else {
                    (!is_mirrored).then_some(RowFault::OtherMirror)
                }
            }
        }
    }

    /// The peer, if nothing is wrong with its rows.
    ///
    /// # Errors
    /// [`UntrustedRow`] names the row and the fault.
    pub fn judge(&self, state: &LogState) -> Result<Peer, UntrustedRow> {
        let untrusted = |fault| UntrustedRow {
            peer_device_id: self.peer_device_id.clone(),
            fault,
        };
        match (self.fault(state), self.peer(state)) {
            (Some(fault), _) => Err(untrusted(fault)),
            (None, Some(peer)) => Ok(peer),
            (None, None) => Err(untrusted(RowFault::PeerIdText)),
        }
    }

    /// The ack that the rows claim and that this program never received, if it can be true. It is
    /// one from an adopted file, or one in the mirror that is above the own ack.
    #[must_use]
    pub fn claim(&self, state: &LogState) -> Option<Hlc> {
        let peer = self.peer(state)?;
        if !peer.facts.verified {
            return Some(peer.acked);
        }
        let mirrored: Hlc = self.mirror.as_deref()?.parse().ok()?;
        (is_possible(mirrored, state) && mirrored > peer.acked).then_some(mirrored)
    }

    fn id(&self, state: &LogState) -> Result<DeviceId, RowFault> {
        let id = judge::peer_id(Some(&self.peer_device_id), state.identity.device_id);
        id.map_err(|fault| match fault {
            PeerIdFault::Text => RowFault::PeerIdText,
            PeerIdFault::Nil => RowFault::NilPeer,
            PeerIdFault::Own => RowFault::OwnPeer,
        })
    }
}

/// Whether this log can have been acknowledged up to there.
fn is_possible(acked: Hlc, state: &LogState) -> bool {
    judge::possible_ack(acked, state.identity.device_id, state.head.hlc).is_ok()
}
