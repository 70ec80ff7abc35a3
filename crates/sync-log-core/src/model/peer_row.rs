//! The rows that are stored about a peer, and what is wrong with them (`P5`).

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::ids::DeviceId;
use super::judge::{self, PeerIdFault};
use super::peer::{Peer, PeerFacts, RegisteredBy};
use super::state::LogState;

/// A peer's rows as the store holds them, before core judges them.
///
/// This program's own row is what counts (`P5`). The row of `peer_acks` is its mirror, for other
/// programs to read, and any of them may have written it.
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
    /// As it was written.
    Known {
        /// What the peer acknowledged.
        acked: Hlc,
        /// When the row last changed, in ms since the Unix epoch.
        acked_at_ms: i64,
        /// The rest.
        facts: PeerFacts,
    },
    /// It cannot be read.
    Unreadable {
        /// Under which number the peer was admitted, if that can be read.
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

/// What is wrong with a peer's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowFault {
    /// The peer id is not a UUID in its one spelling. The row counts for nothing, and goes aside
    /// when the log is opened the next time.
    #[error("its peer id is not a lower-case hyphenated UUID")]
    PeerIdText,
    /// The peer id is nil; as for [`PeerIdText`](Self::PeerIdText).
    #[error("its peer id is nil")]
    NilPeer,
    /// The peer is this device itself; as for [`PeerIdText`](Self::PeerIdText).
    #[error("its peer is this device itself")]
    OwnPeer,
    /// This program never registered the peer: another one wrote a row of it. It counts as a peer
    /// that acknowledged nothing.
    #[error("it was written by another program, and counts for nothing")]
    NotRegistered,
    /// The own row cannot be read. The peer counts as one that acknowledged nothing.
    #[error("it cannot be read, and counts for nothing")]
    Unreadable,
    /// The ack is a stamp of another device, or above everything that this log ever held. It
    /// counts as none.
    #[error("its HLC is no stamp of this log, and counts for nothing")]
    ImpossibleAck,
    /// The row of `peer_acks` is missing or another than the own one, which counts.
    #[error("another program changed its copy in peer_acks, which counts for nothing")]
    OtherMirror,
}

/// Rows of a peer with something wrong (`P5`). Registering, retiring or admitting the peer, or an
/// ack of it, writes them again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("failed to trust the row of peer {peer_device_id:?}: {fault}")]
pub struct UntrustedRow {
    /// The peer id as it is stored.
    pub peer_device_id: String,
    /// What is wrong.
    #[source]
    pub fault: RowFault,
}

/// The admission number of a peer whose stored number cannot be read. It is above every number
/// that was given out, so an ack under an older number is refused.
const UNREADABLE_ADMISSION: u32 = 1 << 31;

impl PeerRow {
    /// The peer that counts by these rows, whatever is wrong with them; `None` if the id is none
    /// that a peer can have.
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

    /// What is wrong with these rows, if anything is.
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

    /// An ack that the rows claim, that can be true, and that this program never received: one that an
    /// adopted file held, or one in the mirror that is above the own one.
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
