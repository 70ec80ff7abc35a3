//! Changes that are dated too far ahead, of a device that will never set its clock right (`X5`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sync_log_core::{Clock, DeviceId, Hlc, ObserveError, SharedWallClock};

/// Up to which stamp the changes of a device are accepted, however far they are ahead.
#[derive(Debug, Default)]
pub(super) struct AcceptedDrift(Mutex<BTreeMap<DeviceId, Hlc>>);

impl AcceptedDrift {
    pub(super) fn accept(&self, origin: DeviceId, up_to: Hlc) {
        let mut accepted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = accepted.entry(origin).or_insert(up_to);
        *highest = up_to.max(*highest);
    }

    fn of(&self, origin: DeviceId) -> Hlc {
        let accepted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.get(&origin).copied().unwrap_or(Hlc::ZERO)
    }

    /// Checks stamps that were received, without moving the clock.
    ///
    /// # Errors
    /// A stamp is too far ahead and was not accepted, or is one that no limit allows.
    pub(super) fn check(
        &self,
        clock: &Clock<SharedWallClock>,
        stamps: &[Hlc],
    ) -> Result<(), ObserveError> {
        // One reading of the clock will do, unless something was accepted.
        if clock.check_all(stamps).is_ok() {
            return Ok(());
        }
        let is_accepted = |error: &ObserveError| match error {
            ObserveError::TooFarAhead(exceeded) => {
                exceeded.remote <= self.of(exceeded.device.into())
            }
            _ => false,
        };
        let refused = stamps.iter().find_map(|stamp| {
            let checked = clock.check(*stamp);
            checked.err().filter(|error| !is_accepted(error))
        });
        refused.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sync_log_core::{CEILING_MS, ManualClock, Uuid};

    use super::*;

    const OWN: Uuid = Uuid::from_u128(1);
    const ORIGIN: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_stamp_that_no_clock_gives_and_an_own_one_are_never_accepted() {
        let accepted = AcceptedDrift::default();
        accepted.accept(ORIGIN.into(), Hlc::new(u64::MAX, 0, ORIGIN));
        let clock = Clock::new(OWN, Arc::new(ManualClock::new(1)) as SharedWallClock);
        let check = |stamp| accepted.check(&clock, &[stamp]);
        assert_eq!(check(Hlc::new(CEILING_MS - 1, 0, ORIGIN)), Ok(()));
        let ceiling = Hlc::new(CEILING_MS, 0, ORIGIN);
        let refused = check(ceiling);
        assert_eq!(refused, Err(ObserveError::AboveCeiling { remote: ceiling }));
        let own = check(Hlc::new(9, 0, OWN));
        assert!(matches!(own, Err(ObserveError::OwnStampAhead { .. })));
    }
}
