//! The hybrid logical clock, as the design words it: the model's own.
//!
//! A point is a millisecond and a count below 2^16, in one number.

use sync_log_core::Hlc;
use sync_log_core::{CEILING_MS, DriftExceeded, ObserveError};

use crate::sample::DEVICE;

const COUNTS: u64 = 1 << 16;
/// What a log refuses by default.
pub(super) const LIMIT_MS: u64 = 24 * 60 * 60 * 1000;

/// The position of one handle's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ModelClock {
    last: u64,
}

fn wall_ms(now_ms: i64) -> u64 {
    match u64::try_from(now_ms) {
        Ok(ms) if ms < CEILING_MS => ms,
        _ => 0,
    }
}

/// The first point that is not below `stamp`.
fn point(stamp: Hlc) -> u64 {
    if stamp.counter < COUNTS {
        stamp.timestamp * COUNTS + stamp.counter
    } else {
        (stamp.timestamp + 1) * COUNTS
    }
}

/// The first point above `stamp`.
fn above(stamp: Hlc) -> u64 {
    stamp.timestamp * COUNTS + stamp.counter.min(COUNTS - 1) + 1
}

/// How far a stamp is ahead of the wall clock.
pub(super) fn ahead_ms(stamp: Hlc, now_ms: i64) -> u64 {
    stamp.timestamp.saturating_sub(wall_ms(now_ms))
}

/// Whether a stamp may come in, whoever issued it.
pub(super) fn check_limits(stamp: Hlc, now_ms: i64) -> Result<(), ObserveError> {
    if stamp.timestamp >= CEILING_MS {
        return Err(ObserveError::AboveCeiling { remote: stamp });
    }
    let ahead_by_ms = ahead_ms(stamp, now_ms);
    if ahead_by_ms > LIMIT_MS {
        return Err(ObserveError::TooFarAhead(DriftExceeded {
            device: stamp.device_id,
            remote: stamp,
            now_ms,
            ahead_by_ms,
            limit_ms: LIMIT_MS,
        }));
    }
    Ok(())
}

impl ModelClock {
    fn stamp(self) -> Hlc {
        Hlc::new(self.last / COUNTS, self.last % COUNTS, DEVICE)
    }

    /// Never below what is stored.
    pub(super) fn resume(&mut self, stored: Hlc) {
        self.last = self.last.max(point(stored));
    }

    /// The next stamp.
    pub(super) fn tick(&mut self, now_ms: i64) -> Hlc {
        self.last = (self.last + 1).max(wall_ms(now_ms) * COUNTS);
        self.stamp()
    }

    /// Takes note of all, or of none.
    pub(super) fn observe_all(&mut self, remotes: &[Hlc], now_ms: i64) -> Result<(), ObserveError> {
        for remote in remotes {
            if remote.device_id != DEVICE {
                check_limits(*remote, now_ms)?;
            }
        }
        let highest = remotes.iter().copied().max().map_or(0, above);
        self.tick(now_ms);
        self.last = self.last.max(highest);
        Ok(())
    }
}
