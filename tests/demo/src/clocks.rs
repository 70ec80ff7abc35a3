//! The devices' wall clocks, moved by hand and wrong on purpose.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use sync_log_core::{DriftLimits, Hlc, ManualClock, WallClock as _};

/// The wall clock of one device: driver time and how far it is off.
#[derive(Debug)]
pub(crate) struct DeviceClock {
    wall: Arc<ManualClock>,
    skew_ms: i64,
    behind_ms: i64,
}

impl DeviceClock {
    /// A clock that is off by `skew_ms`, at driver time `t`.
    pub(crate) fn new(skew_ms: i64, t: i64) -> Self {
        let clock = Self {
            wall: Arc::default(),
            skew_ms,
            behind_ms: 0,
        };
        clock.show(t);
        clock
    }

    /// The clock as the log of the device reads it.
    pub(crate) fn wall(&self) -> Arc<ManualClock> {
        Arc::clone(&self.wall)
    }

    /// Driver time has become `t`.
    pub(crate) fn show(&self, t: i64) {
        self.wall.set_ms(t + self.skew_ms - self.behind_ms);
    }

    /// Somebody sets the clock, at driver time `t`, to read `wall`: it is off by
    /// as much from then on.
    pub(crate) fn set(&mut self, t: i64, wall: i64) {
        self.skew_ms = wall - t;
        self.show(t);
    }

    /// The clock falls behind by `by_ms`.
    pub(crate) fn step_back(&mut self, t: i64, by_ms: i64) {
        self.behind_ms = by_ms;
        self.show(t);
    }

    /// The clock is as it was before it fell behind.
    pub(crate) fn set_right(&mut self, t: i64) {
        self.behind_ms = 0;
        self.show(t);
    }
}

/// How far received stamps were ahead of their receivers' clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Leads {
    /// Stamps that arrived, once for each device they arrived at.
    pub(crate) received: u32,
    /// Those that the default drift limit would have refused.
    pub(crate) refused_by_default: u32,
    /// The furthest ahead, if one was ahead at all.
    #[serde(rename = "worst_lead")]
    pub(crate) worst: Option<Lead>,
}

/// One stamp that was ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Lead {
    #[serde(serialize_with = "as_text")]
    pub(crate) ahead_by_ms: u64,
    pub(crate) hlc: Hlc,
    /// Who received it, by its number.
    pub(crate) receiver: u8,
}

/// Many readers of JSON keep 53 bits of a number.
fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

impl Leads {
    /// Takes note of a stamp that arrives at `receiver`, whose clock is `wall`.
    ///
    /// A clock before 1970 reads as 0 here, as it does in the log.
    pub(crate) fn note(&mut self, hlc: Hlc, receiver: u8, wall: &ManualClock) {
        let now_ms = u64::try_from(wall.now_ms()).unwrap_or(0);
        let ahead_by_ms = hlc.timestamp.saturating_sub(now_ms);
        self.received += 1;
        if !DriftLimits::default().refuse.allows(ahead_by_ms) {
            self.refused_by_default += 1;
        }
        let worst = self.worst.map_or(0, |worst| worst.ahead_by_ms);
        if ahead_by_ms > worst {
            self.worst = Some(Lead {
                ahead_by_ms,
                hlc,
                receiver,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::Uuid;

    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    #[test]
    fn a_skewed_clock_steps_back_and_is_set_right_again() {
        let mut clock = DeviceClock::new(-500, 10_000);
        let wall = clock.wall();
        assert_eq!(wall.now_ms(), 9_500);
        clock.step_back(10_000, 3_000);
        clock.show(11_000);
        assert_eq!(wall.now_ms(), 7_500);
        clock.set_right(11_000);
        assert_eq!(wall.now_ms(), 10_500);
    }

    #[test]
    fn a_clock_that_was_set_keeps_its_distance_from_the_driver() {
        let mut clock = DeviceClock::new(0, 10_000);
        let wall = clock.wall();
        clock.set(10_000, 4_000);
        assert_eq!(wall.now_ms(), 4_000);
        clock.show(12_000);
        assert_eq!(wall.now_ms(), 6_000);
    }

    #[test]
    fn only_stamps_beyond_the_default_limit_count_as_refused() {
        let wall = ManualClock::new(0);
        let mut leads = Leads::default();
        let day_ms = u64::try_from(24 * HOUR_MS).unwrap();
        for timestamp in [0, day_ms, day_ms + 1, 5] {
            leads.note(Hlc::new(timestamp, 0, Uuid::from_u128(1)), 3, &wall);
        }
        assert_eq!((leads.received, leads.refused_by_default), (4, 1));
        let worst = leads.worst.unwrap();
        assert_eq!((worst.ahead_by_ms, worst.receiver), (day_ms + 1, 3));
    }

    #[test]
    fn a_clock_before_1970_reads_as_the_epoch() {
        let mut leads = Leads::default();
        let stamp = Hlc::new(7, 0, Uuid::from_u128(1));
        leads.note(stamp, 0, &ManualClock::new(-100));
        assert_eq!(leads.worst.unwrap().ahead_by_ms, 7);
    }
}
