//! How the changes of a legacy log get their stamps.

use sync_log_core::Hlc;
use sync_log_core::{CEILING_MS, DeviceId};

/// Where a counter carries into the millisecond, as a clock's does.
const COUNTER_MAX: u64 = u16::MAX as u64;

/// Stamps changes in the order of the legacy log, by the time of each change. The leader's order
/// decides: a time that goes back is lifted, so that the stamps rise strictly. Only the changes
/// before a change decide its stamp, so every run gives it the same stamp.
pub(super) struct Stamps {
    device_id: DeviceId,
    last: Option<Hlc>,
}

impl Stamps {
    pub(super) fn new(device_id: DeviceId) -> Self {
        let last = None;
        Self { device_id, last }
    }

    /// The stamp of the last change that was taken; zero before the first.
    pub(super) fn last(&self) -> Hlc {
        self.last.unwrap_or(Hlc::ZERO)
    }

    /// The stamp of the next change, and whether its own time could not be used.
    pub(super) fn next(&self, ms: Option<i64>) -> (Hlc, bool) {
        let usable = ms.and_then(|ms| u64::try_from(ms).ok());
        let usable = usable.filter(|usable| (1..CEILING_MS).contains(usable));
        (self.above(usable.unwrap_or(1)), usable.is_none())
    }

    /// Notes that the change with this stamp was taken.
    pub(super) fn take(&mut self, stamp: Hlc) {
        self.last = Some(stamp);
    }

    fn above(&self, ms: u64) -> Hlc {
        let at = |timestamp, counter| Hlc::new(timestamp, counter, self.device_id.as_uuid());
        match self.last {
            Some(last) if ms <= last.timestamp && last.counter < COUNTER_MAX => {
                at(last.timestamp, last.counter + 1)
            }
            Some(last) if ms <= last.timestamp => at(last.timestamp + 1, 0),
            _ => at(ms, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::Uuid;

    use super::*;

    const DEVICE: Uuid = Uuid::from_u128(7);

    fn take(stamps: &mut Stamps, ms: Option<i64>) -> Hlc {
        let (stamp, _) = stamps.next(ms);
        stamps.take(stamp);
        stamp
    }

    fn stamped(times: &[Option<i64>]) -> Vec<(u64, u64)> {
        let mut stamps = Stamps::new(DEVICE.into());
        let given = times.iter().map(|ms| take(&mut stamps, *ms));
        let given: Vec<Hlc> = given.collect();
        assert!(given.windows(2).all(|pair| pair[0] < pair[1]), "{given:?}");
        let parts = given.iter().map(|hlc| (hlc.timestamp, hlc.counter));
        parts.collect()
    }

    #[test]
    fn the_order_decides_and_a_time_that_goes_back_is_lifted() {
        let times = [Some(5), Some(5), Some(9), Some(3), Some(9), Some(10)];
        let expected = [(5, 0), (5, 1), (9, 0), (9, 1), (9, 2), (10, 0)];
        assert_eq!(stamped(&times), expected);
    }

    #[test]
    fn a_time_that_cannot_be_one_is_dated_by_its_position() {
        let ceiling = i64::try_from(CEILING_MS).unwrap();
        let times = [
            None,
            Some(-1),
            Some(7),
            Some(ceiling),
            None,
            Some(i64::MIN),
            Some(0),
        ];
        let expected = [(1, 0), (1, 1), (7, 0), (7, 1), (7, 2), (7, 3), (7, 4)];
        assert_eq!(stamped(&times), expected);
        let stamps = Stamps::new(DEVICE.into());
        assert!(stamps.next(None).1 && stamps.next(Some(ceiling)).1);
        assert!(!stamps.next(Some(ceiling - 1)).1);
    }

    #[test]
    fn a_full_counter_carries_into_the_millisecond() {
        let mut stamps = Stamps::new(DEVICE.into());
        let all = (0..=COUNTER_MAX + 1).map(|_| take(&mut stamps, Some(5)));
        let last = all.last().unwrap();
        assert_eq!((last.timestamp, last.counter), (6, 0));
        assert_eq!(stamps.next(Some(6)).0.counter, 1);
    }
}
