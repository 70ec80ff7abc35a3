//! Entries and logs to break invariants with.

use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use crate::chain::Lineage;
use crate::change::change;

pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xd0);
pub(crate) const PEER: Uuid = Uuid::from_u128(0xb0);

pub(crate) fn stamp(ms: u64) -> Hlc {
    Hlc::new(ms, 0, DEVICE)
}

/// The change `number`, stamped at `ms`.
pub(crate) fn entry(ms: u64, number: u64) -> SharedChangeEntry {
    change(number).stamped(stamp(ms))
}

/// Changes 1, 2, 3, … stamped at 10, 20, 30, … ms, of which `gone` were pruned.
pub(crate) fn lineage(len: u64, gone: usize) -> Lineage {
    let mut lineage = Lineage::default();
    (1..=len).for_each(|number| lineage.push(entry(number * 10, number)));
    lineage.prune(gone);
    lineage
}
