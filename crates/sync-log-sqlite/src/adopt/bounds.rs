//! The bounds of the stamps of an adopted log.

use sync_log_core::DriftLimits;
use sync_log_core::judge::is_below_ceiling;
use sync_log_core::{DeviceId, Hlc, LogState};

/// Head and floor of a log with entries in this range. Every entry below the oldest one may have
/// been pruned, and in a log without entries every entry.
pub(super) fn bounds(state: &LogState, range: Option<(Hlc, Hlc)>, own_ack: Hlc) -> (Hlc, Hlc) {
    match range {
        Some((oldest, newest)) => (newest, just_below(oldest)),
        None => {
            let lowest = lowest(state.identity.device_id);
            let known = [state.head.hlc, state.floor.hlc, own_ack, lowest];
            let end = known.into_iter().max().unwrap_or(lowest);
            (end, end)
        }
    }
}

/// The lowest stamp of a device. No floor is below it, so an entry with this stamp goes aside.
pub(super) fn lowest(device_id: DeviceId) -> Hlc {
    Hlc {
        timestamp: 0,
        counter: 0,
        device_id: device_id.as_uuid(),
    }
}

/// The highest stamp of the same device below this one, which is not the lowest.
fn just_below(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_sub(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc {
            timestamp: hlc.timestamp.saturating_sub(1),
            counter: u64::MAX,
            ..hlc
        },
    }
}

/// Whether a clock accepts the stamp by default (`H3`): one stranger's wrong clock must not push
/// ours ahead of every peer.
pub(super) fn is_near(hlc: Hlc, now_ms: i64) -> bool {
    let now_ms = u64::try_from(now_ms).unwrap_or_default();
    let ahead_by_ms = hlc.timestamp.saturating_sub(now_ms);
    is_below_ceiling(hlc) && DriftLimits::default().refuse.allows(ahead_by_ms)
}
