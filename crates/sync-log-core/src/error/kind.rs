//! What the caller can do about an error.

use serde::{Deserialize, Serialize};

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call itself is wrong: fix it, do not retry.
    FixCall,
    /// The peer's program is faulty: end the connection, and update that program.
    FixPeer,
    /// Try again, later or with a new stamp.
    Retry,
    /// The log no longer knows whether the call took effect earlier. Look at the record, and
    /// repeat the call with a new stamp only if the change is missing.
    Uncertain,
    /// The reader lacks entries that were pruned: it needs a snapshot.
    Bootstrap,
    /// The peer was never registered, or was retired: register or admit it.
    Admit,
    /// A file was restored or cloned, or two devices run under one id.
    NewIdentity,
    /// A clock is wrong, here or at the peer.
    FixClock,
    /// Stored data is damaged, or another program wrote it.
    RepairData,
    /// The handle, or the storage under it, cannot be used any more: open the log again.
    Reopen,
}
