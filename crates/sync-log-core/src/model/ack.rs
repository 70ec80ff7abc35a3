//! Acknowledgements, and their outcomes.

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use super::ids::DeviceId;
use super::peer::FIRST_ADMISSION;

/// A peer's acknowledgement: it has durably applied every entry up to and including `at`.
///
/// ```
/// use sync_log_core::{Ack, Cursor, DeviceId};
///
/// /// The ack of a peer that was retired and admitted again, under its number.
/// fn ack(peer: DeviceId, admission: u32, next: Cursor) -> Ack {
///     Ack::new(peer, next).under(admission)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ack {
    /// The device that the transport authenticated, never an id from a message (`K5`).
    pub peer: DeviceId,
    /// The number under which the peer was admitted: 1, unless it was retired and admitted
    /// again (`K6`).
    pub admission: u32,
    /// The position up to which the peer acknowledges.
    pub at: AckAt,
}

impl Ack {
    /// The ack of a peer that was never retired.
    pub fn new(peer: impl Into<DeviceId>, at: impl Into<AckAt>) -> Self {
        Self {
            peer: peer.into(),
            admission: FIRST_ADMISSION,
            at: at.into(),
        }
    }

    /// The same ack, under the admission number that [`SyncLog::admit`](crate::SyncLog::admit)
    /// returned for the peer.
    #[must_use]
    pub const fn under(self, admission: u32) -> Self {
        Self { admission, ..self }
    }
}

/// The position up to which a peer acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckAt {
    /// Up to a cursor, such as [`Page::next`](crate::Page::next). A cursor names the log and its
    /// history, so both are checked. Code that serves peers uses cursors.
    Cursor(Cursor),
    /// Up to a stamp. A stamp names neither the log nor its history, so neither is checked.
    Stamp(Hlc),
}

impl AckAt {
    /// The last entry that the peer has.
    #[must_use]
    pub const fn hlc(&self) -> Hlc {
        match self {
            Self::Cursor(cursor) => cursor.hlc(),
            Self::Stamp(hlc) => *hlc,
        }
    }
}

impl From<Cursor> for AckAt {
    fn from(cursor: Cursor) -> Self {
        Self::Cursor(cursor)
    }
}

impl From<Hlc> for AckAt {
    fn from(hlc: Hlc) -> Self {
        Self::Stamp(hlc)
    }
}

/// The outcome of an acknowledgement that was accepted.
///
/// The enum is exhaustive, because callers decide on the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckOutcome {
    /// The log did not know the peer, and has registered it with this ack (`K4`).
    Registered,
    /// The peer acknowledged more than before.
    Advanced,
    /// The peer had acknowledged exactly this before.
    Unchanged,
    /// The peer had acknowledged more before. Nothing moved.
    Stale,
}
