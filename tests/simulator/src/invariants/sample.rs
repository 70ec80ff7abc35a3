//! Entries and logs to break invariants with.

use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use crate::change::change;
use crate::storage::PeerMark;

pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xd0);
pub(crate) const PEER: Uuid = Uuid::from_u128(0xb0);

pub(crate) fn stamp(ms: u64) -> Hlc {
    Hlc::new(ms, 0, DEVICE)
}

/// The change `number`, stamped at `ms`.
pub(crate) fn entry(ms: u64, number: u64) -> SharedChangeEntry {
    change(number).stamped(stamp(ms))
}

/// A peer that was admitted twice and has acknowledged what is stamped at `ms`.
pub(crate) fn peer_mark(ms: u64) -> PeerMark {
    PeerMark {
        acked: stamp(ms),
        active: true,
        hold: None,
        verified: true,
        admission: 2,
        mirror: None,
    }
}
