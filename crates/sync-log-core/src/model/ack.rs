//! Acknowledgements, and what becomes of them.

use serde::{Deserialize, Serialize};

/// What became of an acknowledgement that was taken.
///
/// Exhaustive: callers decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
