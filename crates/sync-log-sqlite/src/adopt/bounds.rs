//! The bounds of the stamps of an adopted log.

use sync_log_core::judge;
use sync_log_core::{DeviceId, DriftLimits, Hlc, LogState};

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
pub(crate) fn lowest(device_id: DeviceId) -> Hlc {
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

/// What an adoption does with rows of this device that are dated too far ahead of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowsAhead {
    /// They go aside (`H9`).
    GoAside,
    /// They are entries, and the clock of the log continues above them.
    Taken,
}

/// Up to where the stamps of an adopted file are believed: a log whose clock moved into the far
/// future would stamp every later change there.
#[derive(Clone, Copy)]
pub(super) struct Horizon {
    device_id: DeviceId,
    /// The highest stamp that this log gave out or observed. No own stamp up to here is judged by
    /// a wall clock that may have been set back since (`H5`).
    reached: Hlc,
    now_ms: i64,
    rows_ahead: RowsAhead,
}

impl Horizon {
    pub(super) fn of(state: &LogState, now_ms: i64, rows_ahead: RowsAhead) -> Self {
        Self {
            device_id: state.identity.device_id,
            reached: state.high_water.max(state.head.hlc),
            now_ms,
            rows_ahead,
        }
    }

    /// Whether the clock of the log may continue above the stamp (`H3`, `H9`). A wall clock that
    /// cannot be right is no measure of own stamps: they are believed, because every row of this
    /// device would go aside otherwise.
    pub(super) fn allows(self, hlc: Hlc) -> bool {
        let ahead_ms = judge::ahead_ms(hlc, self.now_ms);
        let is_near = DriftLimits::default().refuse.allows(ahead_ms);
        let is_believed = hlc <= self.reached
            || !judge::is_possible_time(self.now_ms)
            || self.rows_ahead == RowsAhead::Taken;
        let is_own = hlc.device_id == self.device_id;
        judge::is_below_ceiling(hlc) && (is_near || is_own && is_believed)
    }
}
