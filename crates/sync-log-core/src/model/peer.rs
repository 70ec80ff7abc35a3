//! Peers: the devices that need the entries of a log.

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::defaults::yes;
use super::ids::DeviceId;

/// Why a peer was retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RetireReason {
    /// An operator or the app, with [`SyncLog::retire`](crate::SyncLog::retire).
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
    /// The peer counts: its entries stay until it has acknowledged them.
    Active,
    /// The peer no longer counts, and its reads and acks are refused.
    Retired {
        /// When the marker was written, in ms since the Unix epoch.
        since_ms: i64,
        /// Why the peer was retired.
        reason: RetireReason,
    },
}

/// How a peer was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisteredBy {
    /// The app called [`SyncLog::register_peer`](crate::SyncLog::register_peer).
    App,
    /// An ack of the unknown peer registered it, under
    /// [`UnknownPeers::Register`](crate::UnknownPeers).
    Ack,
    /// An adopted file of another program had an ack of the peer (`I3`).
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
    /// Whether the peer counts.
    pub state: PeerState,
    /// How the peer was registered.
    pub registered_by: RegisteredBy,
    /// When that happened, in ms since the Unix epoch.
    pub registered_at_ms: i64,
    /// How many times the peer was admitted: 1 at first.
    pub admission: u32,
    /// The stamp at which pruning holds, because the peer read below its own ack (`K2`).
    pub hold: Option<Hlc>,
    /// Whether the ack came through this program, or an operator vouched for it. An ack that was
    /// found in an adopted file is not verified, and does not count (`I3`).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub verified: bool,
}

/// A peer whose row can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The device.
    pub device_id: DeviceId,
    /// The peer has durably applied every entry up to and including this one; zero if it never
    /// acknowledged.
    pub acked: Hlc,
    /// When the row last changed, in ms since the Unix epoch.
    pub acked_at_ms: i64,
    /// The rest.
    pub facts: PeerFacts,
}

/// The number of a peer that was registered and never retired.
pub(crate) const FIRST_ADMISSION: u32 = 1;

impl Peer {
    pub(crate) const fn new(device_id: DeviceId, registered_by: RegisteredBy, now_ms: i64) -> Self {
        let facts = PeerFacts {
            state: PeerState::Active,
            registered_by,
            registered_at_ms: now_ms,
            admission: FIRST_ADMISSION,
            hold: None,
            verified: true,
        };
        Self {
            device_id,
            acked: Hlc::ZERO,
            acked_at_ms: now_ms,
            facts,
        }
    }

    /// The peer under its next admission: it counts, and has acknowledged nothing. `None` if the
    /// number would overflow.
    pub(crate) fn admitted(self, now_ms: i64) -> Option<Self> {
        let admission = self.facts.admission.checked_add(1)?;
        let mut admitted = Self::new(self.device_id, self.facts.registered_by, now_ms);
        admitted.facts.admission = admission;
        admitted.facts.registered_at_ms = self.facts.registered_at_ms;
        Some(admitted)
    }

    /// Whether the peer counts.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.facts.state, PeerState::Active)
    }

    /// The ack that counts: zero if the ack is not verified (`I3`).
    #[must_use]
    pub const fn verified_ack(&self) -> Hlc {
        if self.facts.verified {
            self.acked
        } else {
            Hlc::ZERO
        }
    }

    /// How far pruning may rely on the peer: up to the ack that counts, or to the hold below it.
    #[must_use]
    pub fn position(&self) -> Hlc {
        let acked = self.verified_ack();
        self.facts.hold.map_or(acked, |hold| hold.min(acked))
    }
}
