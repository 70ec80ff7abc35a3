//! Who else needs the entries, and how far each one is.

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::LogError;
use crate::state::{LogState, yes};
use crate::text::parse_uuid;

/// Why a peer was retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RetireReason {
    /// Somebody decided it, by [`SyncLog::retire`](crate::SyncLog::retire).
    Operator,
}

impl RetireReason {
    /// The stored form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
        }
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        (text == "operator").then_some(Self::Operator)
    }
}

impl fmt::Display for RetireReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a peer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeerState {
    /// It blocks pruning until it has acknowledged.
    Active,
    /// It no longer blocks pruning, and its reads and acks are refused.
    Retired {
        /// When the marker was written, in ms since the Unix epoch.
        since_ms: i64,
        /// Who or what decided it.
        reason: RetireReason,
    },
}

/// How a peer came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisteredBy {
    /// The app called [`SyncLog::register_peer`](crate::SyncLog::register_peer).
    App,
    /// It acknowledged without being known, under
    /// [`UnknownPeers::Register`](crate::UnknownPeers).
    Ack,
    /// A file of an earlier program, which was adopted, has an ack of it (`I3`).
    Adoption,
}

impl RegisteredBy {
    /// The stored form: `app`, `ack` or `adoption`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Ack => "ack",
            Self::Adoption => "adoption",
        }
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "app" => Some(Self::App),
            "ack" => Some(Self::Ack),
            "adoption" => Some(Self::Adoption),
            _ => None,
        }
    }
}

/// What this program records about a peer beside its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerFacts {
    /// Whether it counts.
    pub state: PeerState,
    /// How it came to be known.
    pub registered_by: RegisteredBy,
    /// When, in ms since the Unix epoch.
    pub registered_at_ms: i64,
    /// How many times it was admitted: 1 at first.
    pub admission: u32,
    /// Where pruning holds because the peer read below its own ack (`K2`).
    pub hold: Option<Hlc>,
    /// Whether the ack came through this program, or somebody vouched for it. One
    /// that was found in an adopted file did not, and counts as none (`I3`).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub verified: bool,
}

/// A peer whose row can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The device.
    pub peer: Uuid,
    /// It has durably applied every entry up to and including this one; zero
    /// if it never acknowledged.
    pub acked: Hlc,
    /// When the row last changed, in ms since the Unix epoch.
    pub acked_at_ms: i64,
    /// The rest.
    pub facts: PeerFacts,
}

/// The number of a peer that was registered and never retired.
pub(crate) const FIRST_ADMISSION: u32 = 1;

impl Peer {
    pub(crate) const fn new(peer: Uuid, registered_by: RegisteredBy, now_ms: i64) -> Self {
        let facts = PeerFacts {
            state: PeerState::Active,
            registered_by,
            registered_at_ms: now_ms,
            admission: FIRST_ADMISSION,
            hold: None,
            verified: true,
        };
        Self {
            peer,
            acked: Hlc::ZERO,
            acked_at_ms: now_ms,
            facts,
        }
    }

    /// The peer under its next admission: it counts, and has acknowledged nothing.
    pub(crate) fn admitted(self, now_ms: i64) -> Result<Self, LogError> {
        let next = self.facts.admission.checked_add(1);
        let admission = next.ok_or(LogError::AdmittedTooOften { peer: self.peer })?;
        let mut admitted = Self::new(self.peer, self.facts.registered_by, now_ms);
        admitted.facts.admission = admission;
        admitted.facts.registered_at_ms = self.facts.registered_at_ms;
        Ok(admitted)
    }

    /// Whether it counts.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.facts.state, PeerState::Active)
    }

    /// The ack that can be believed: zero for one that is not verified (`I3`).
    #[must_use]
    pub const fn verified_ack(&self) -> Hlc {
        match self.facts.verified {
            true => self.acked,
            false => Hlc::ZERO,
        }
    }

    /// What pruning may rely on: the ack that can be believed, or the hold below it.
    #[must_use]
    pub fn position(&self) -> Hlc {
        let acked = self.verified_ack();
        self.facts.hold.map_or(acked, |hold| hold.min(acked))
    }
}

/// A peer's rows as the store holds them, before core judges them.
///
/// The two text fields are the interchange format and may have been written by
/// anyone; [`PeerRow::judge`] decides whether they can be relied on (`P5`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerRow {
    /// `peer_acks.peer_device_id`.
    pub peer_device_id: String,
    /// `peer_acks.last_acked_hlc`; empty if the row is missing.
    pub last_acked_hlc: String,
    /// `peer_acks.acked_at`, in ms since the Unix epoch.
    pub acked_at_ms: i64,
    /// This program's own row about the peer, if there is one.
    pub facts: Option<PeerFacts>,
}

impl From<Peer> for PeerRow {
    fn from(peer: Peer) -> Self {
        Self {
            peer_device_id: peer.peer.hyphenated().to_string(),
            last_acked_hlc: peer.acked.to_string(),
            acked_at_ms: peer.acked_at_ms,
            facts: Some(peer.facts),
        }
    }
}

/// What is wrong with a peer's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AckFault {
    /// The peer id is not a UUID in its one spelling.
    #[error("its peer id is not a lower-case hyphenated UUID")]
    PeerIdText,
    /// The peer id is nil.
    #[error("its peer id is nil")]
    NilPeer,
    /// The peer is this device itself.
    #[error("its peer is this device itself")]
    OwnPeer,
    /// The HLC is not an HLC in its one spelling.
    #[error("its HLC is not in strict form")]
    HlcText,
    /// The HLC is neither zero nor a stamp of this device.
    #[error("its HLC is a stamp of another device")]
    ForeignHlc,
    /// The HLC is above everything that this log ever held.
    #[error("its HLC is above the head")]
    AboveHead,
    /// This program never registered the peer: another one wrote the row.
    #[error("it was written by another program")]
    NotRegistered,
}

/// A row that cannot be relied on. It blocks pruning until it is repaired (`P5`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[error("failed to trust the ack row of peer {peer_device_id:?}: {fault}")]
pub struct UntrustedRow {
    /// The peer id as it is stored.
    pub peer_device_id: String,
    /// What is wrong.
    #[source]
    pub fault: AckFault,
}

impl PeerRow {
    /// Decides whether the row can be relied on.
    ///
    /// # Errors
    /// [`UntrustedRow`] names the row and the fault.
    pub fn judge(&self, state: &LogState) -> Result<Peer, UntrustedRow> {
        self.parse(state).map_err(|fault| UntrustedRow {
            peer_device_id: self.peer_device_id.clone(),
            fault,
        })
    }

    fn parse(&self, state: &LogState) -> Result<Peer, AckFault> {
        let peer = parse_uuid(&self.peer_device_id).ok_or(AckFault::PeerIdText)?;
        let own = state.identity.device_id;
        if peer.is_nil() {
            return Err(AckFault::NilPeer);
        }
        if peer == own {
            return Err(AckFault::OwnPeer);
        }
        let acked: Hlc = self.last_acked_hlc.parse().map_err(|_| AckFault::HlcText)?;
        if !acked.is_zero() && acked.device_id != own {
            return Err(AckFault::ForeignHlc);
        }
        if acked > state.head {
            return Err(AckFault::AboveHead);
        }
        let facts = self.facts.ok_or(AckFault::NotRegistered)?;
        Ok(Peer {
            peer,
            acked,
            acked_at_ms: self.acked_at_ms,
            facts,
        })
    }
}
