//! Verdicts: signs that this file, or a peer's, was restored or cloned.

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::ids::DeviceId;

/// What showed that a file was restored or cloned, or that a device runs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VerdictKind {
    /// A stamp of this device came back, and this log has no entry with it (`H7`).
    OwnStamp,
    /// A reader's cursor has another history than this log (`R2`).
    Diverged,
    /// A reader's cursor is above the head (`R2`).
    AheadOfHead,
    /// A peer's ack carries an admission number that this log has not given yet (`K6`).
    Admission,
}

impl VerdictKind {
    const ALL: [Self; 4] = [
        Self::OwnStamp,
        Self::Diverged,
        Self::AheadOfHead,
        Self::Admission,
    ];

    /// The stored form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnStamp => "own_stamp",
            Self::Diverged => "diverged",
            Self::AheadOfHead => "ahead_of_head",
            Self::Admission => "admission",
        }
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The first sign of its kind since the last dismissal.
///
/// A verdict blocks no write and no other reader. [`explain`](crate::SyncLog::explain) and
/// [`status`](crate::SyncLog::status) show it until
/// [`dismiss_verdicts`](crate::SyncLog::dismiss_verdicts) deletes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// The kind of sign.
    pub kind: VerdictKind,
    /// The stamp that showed it: the own stamp, the reader's cursor, or the acknowledged stamp.
    pub hlc: Hlc,
    /// The peer whose call showed it, if a peer's call did.
    pub peer: Option<DeviceId>,
    /// When it was found, in ms since the Unix epoch.
    pub found_at_ms: i64,
}
