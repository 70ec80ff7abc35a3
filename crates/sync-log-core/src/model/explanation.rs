//! Why a log is not shrinking: the reasons, and what to do about each.

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::ids::DeviceId;
use super::peer::RegisteredBy;
use super::peer_row::UntrustedRow;
use super::proof::Altered;
use super::verdict::Verdict;

/// What keeps entries in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The peer is registered and never acknowledged anything.
    NeverAcked,
    /// The peer acknowledged an older entry.
    Behind,
    /// The peer read below its own ack: it was restored from an older copy.
    PeerRewound {
        /// The stamp at which pruning holds.
        hold: Hlc,
        /// The stamp that the peer had acknowledged before.
        acked: Hlc,
    },
    /// The peer lacks entries that were pruned: it cannot catch up by reading.
    BelowFloor,
    /// The peer's ack was found in an adopted file. It does not count until the peer
    /// acknowledges through this program, or an operator vouches for it (`I3`).
    UnverifiedAck {
        /// The ack that was found.
        acked: Hlc,
    },
    /// The log was adopted, and its peers were not declared yet (`I3`).
    PeersNotDeclared,
    /// The stored log is not as it was written: open it again, which adopts the rows that are there
    /// (`I4`).
    Altered(Altered),
    /// This file, or a peer's, was restored or cloned. This cause keeps no entries, and is listed
    /// so that an operator sees it.
    Restored(Verdict),
    /// The stamps of this device are further ahead of its wall clock than the limit
    /// [`DriftLimits::refuse`](hlc::DriftLimits): the clock was ahead and was set back, or it is
    /// behind now (`H9`). Peers whose clocks are right refuse such stamps. This cause keeps no
    /// entries itself.
    ClockAhead {
        /// This device.
        device_id: DeviceId,
        /// How far the highest of the stamps is ahead, in ms.
        ahead_ms: u64,
    },
    /// Something is wrong with a peer's rows.
    UntrustedRow(UntrustedRow),
    /// There is no active peer, and the library was not declared solo.
    NoPeers,
    /// All peers have the entries, and the policy keeps them.
    Retention,
    /// All peers have the entries, and the policy does not keep them: the next prune deletes them.
    NotYetPruned,
}

impl Cause {
    /// The name, which is the same in JSON and on the command line.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NeverAcked => "never_acked",
            Self::Behind => "behind",
            Self::PeerRewound { .. } => "peer_rewound",
            Self::BelowFloor => "below_floor",
            Self::UnverifiedAck { .. } => "unverified_ack",
            Self::PeersNotDeclared => "peers_not_declared",
            Self::Altered(_) => "altered",
            Self::Restored(_) => "restored",
            Self::ClockAhead { .. } => "clock_ahead",
            Self::UntrustedRow(_) => "untrusted_row",
            Self::NoPeers => "no_peers",
            Self::Retention => "retention",
            Self::NotYetPruned => "not_yet_pruned",
        }
    }
}

/// The name of the cause.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What to do about a cause. Each cause that keeps entries has one remedy, except
/// [`Retention`](Cause::Retention), which keeps what the app wants to keep.
///
/// The enum is exhaustive, because a tool has to have an answer for each remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Have the peer pull and acknowledge.
    Pull,
    /// Retire the peer, if it never comes back: it has lacked entries, and been silent, for
    /// [`RETIRE_AFTER_MS`](crate::RETIRE_AFTER_MS). Otherwise have it pull and acknowledge.
    Retire,
    /// Prune the log, or wait until the app does.
    Prune,
    /// Register the peers of the library.
    Register,
    /// Give the peer a snapshot; or retire it, if it never comes back.
    Bootstrap,
    /// Close the log and open it again, which repairs the rows that another program wrote.
    Reopen,
    /// Declare the library solo.
    DeclareSolo,
    /// Set the wall clock of this device right. If the clock is right, the stamps are not: wait
    /// until the clock has caught up, or continue under a new device id.
    FixClock,
    /// Continue under a new device id; or dismiss the verdict, if no file was restored.
    NewIdentity,
}

impl Remedy {
    /// Every remedy. Each is given by some state of a log.
    pub const ALL: [Self; 9] = [
        Self::Pull,
        Self::Retire,
        Self::Prune,
        Self::Register,
        Self::Bootstrap,
        Self::Reopen,
        Self::DeclareSolo,
        Self::FixClock,
        Self::NewIdentity,
    ];

    /// The name, which is the same in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Retire => "retire",
            Self::Prune => "prune",
            Self::Register => "register",
            Self::Bootstrap => "bootstrap",
            Self::Reopen => "reopen",
            Self::DeclareSolo => "declare_solo",
            Self::FixClock => "fix_clock",
            Self::NewIdentity => "new_identity",
        }
    }
}

/// The name of the remedy.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One reason why entries stay.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// What keeps the entries.
    pub cause: Cause,
    /// The peer that keeps the entries, if a peer does.
    pub peer: Option<DeviceId>,
    /// How that peer was registered.
    pub registered_by: Option<RegisteredBy>,
    /// How many entries the cause keeps.
    pub lag_entries: u64,
    /// The content bytes of these entries.
    pub lag_bytes: u64,
    /// How long ago the oldest of these entries was written, in ms.
    pub lag_ms: u64,
    /// What to do about the cause; `None` if no action is needed.
    pub remedy: Option<Remedy>,
}

/// Why the log is not shrinking.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Explanation {
    /// Highest HLC ever committed.
    pub head: Hlc,
    /// Highest HLC ever pruned.
    pub floor: Hlc,
    /// How many entries the log holds.
    pub pending_entries: u64,
    /// The reasons, worst first. The verdict that a peer showed comes before what it keeps. There are no
    /// reasons for an empty log with sound rows and a sound clock.
    pub reasons: Vec<Reason>,
}
