//! Acknowledgements, and what becomes of them.

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
    /// Up to where.
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

/// Up to where a peer acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckAt {
    /// Up to a cursor, such as [`Page::next`](crate::Page::next). It says which log is meant, and
    /// which history, so both are checked. Code that serves peers uses this one.
    Cursor(Cursor),
    /// Up to a stamp. Neither the log nor the history is checked.
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

/// What became of an acknowledgement that was taken.
///
/// Exhaustive: callers decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckOutcome {
    /// The peer was not known. It is registered now, with this ack (`K4`).
    Registered,
    /// The peer is further than before.
    Advanced,
    /// The peer is where it was.
    Unchanged,
    /// The peer had acknowledged more before. Nothing moved.
    Stale,
}
