//! The refusals that many cases expect.

use sync_log_core::{Hlc, LogError, Uuid};

pub(crate) fn compacted(requested: Hlc, floor: Hlc, head: Hlc) -> LogError {
    LogError::Compacted {
        requested,
        floor,
        head,
    }
}

pub(crate) fn diverged(requested: Hlc, head: Hlc) -> LogError {
    LogError::Diverged { requested, head }
}

pub(crate) fn other_log(requested: Uuid, log_id: Uuid) -> LogError {
    LogError::OtherLog { requested, log_id }
}

pub(crate) fn unknown_peer(peer: Uuid) -> LogError {
    LogError::UnknownPeer { peer: peer.into() }
}

pub(crate) fn unknown_stamp(peer: Uuid, hlc: Hlc) -> LogError {
    let peer = peer.into();
    LogError::UnknownStamp { peer, hlc }
}

pub(crate) fn ack_beyond_head(peer: Uuid, hlc: Hlc, head: Hlc) -> LogError {
    let peer = peer.into();
    LogError::AckBeyondHead { peer, hlc, head }
}

pub(crate) fn other_admission(peer: Uuid, given: u32, admission: u32) -> LogError {
    LogError::OtherAdmission {
        peer: peer.into(),
        given,
        admission,
    }
}
