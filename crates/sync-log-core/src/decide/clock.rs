//! Whether the stamps of this device are ahead of its wall clock (`H5`, `H9`).

use hlc::{DriftLimit, Hlc};

use crate::model::judge::{ahead_ms, is_possible_time};
use crate::model::{Cause, LogState, Remedy, Verdict, VerdictKind};

/// The highest stamp that this log gave out or observed: every later stamp is above it.
///
/// No own stamp up to here is judged by drift. The log need not know which of these stamps it gave
/// out itself: an entry that is at or below this stamp moves the clock no further.
pub(crate) fn reached(state: &LogState) -> Hlc {
    state.high_water.max(state.head.hlc)
}

/// The cause and the remedy, if the own stamps are further ahead of the wall clock than `limit`.
/// `newest_at_ms` is when the entry at the head was written, if that entry is retained.
///
/// A stamp that came back and that this log does not know is an own stamp too: a log that was lost
/// gave it out.
pub(crate) fn cause(
    state: &LogState,
    verdicts: &[Verdict],
    newest_at_ms: Option<i64>,
    limit: DriftLimit,
    now_ms: i64,
) -> Option<(Cause, Remedy)> {
    let of_lost_logs = verdicts
        .iter()
        .filter(|verdict| verdict.kind == VerdictKind::OwnStamp)
        .map(|verdict| verdict.hlc);
    let highest = of_lost_logs.fold(reached(state), Hlc::max);
    let ahead_by_ms = ahead_ms(highest, now_ms);
    if limit.allows(ahead_by_ms) {
        return None;
    }
    let cause = Cause::ClockAhead {
        device_id: state.identity.device_id,
        ahead_ms: ahead_by_ms,
    };
    let remedy = if goes_on_ahead(state.head.hlc, newest_at_ms, limit, now_ms) {
        Remedy::NewIdentity
    } else {
        Remedy::FixClock
    };
    Some((cause, remedy))
}

/// Whether the wall clock is right as far as the log can know, and the stamps are not.
///
/// The stamps alone do not show which of the two is wrong. So the first remedy is to look at the
/// clock. If a change was recorded since, at a reading that the stamps were already ahead of, the
/// clock stayed as it is, and is taken to be right.
fn goes_on_ahead(head: Hlc, newest_at_ms: Option<i64>, limit: DriftLimit, now_ms: i64) -> bool {
    let was_ahead = |at_ms: i64| at_ms <= now_ms && !limit.allows(ahead_ms(head, at_ms));
    is_possible_time(now_ms) && newest_at_ms.is_some_and(was_ahead)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::LogIdentity;

    const NOW_MS: i64 = 1_800_000_000_000;
    const DAY_MS: i64 = 86_400_000;
    const LIMIT: DriftLimit = DriftLimit::AtMostMs(DAY_MS.cast_unsigned());
    const DEVICE: Uuid = Uuid::from_u128(0xd0);

    fn stamp(ahead_ms: i64) -> Hlc {
        Hlc::new((NOW_MS + ahead_ms).cast_unsigned(), 0, DEVICE)
    }

    fn state(head: Hlc, high_water: Hlc) -> LogState {
        let mut state = LogState::new(LogIdentity {
            library_id: Uuid::from_u128(1).into(),
            device_id: DEVICE.into(),
            log_id: Uuid::from_u128(2),
        });
        (state.head.hlc, state.high_water) = (head, high_water);
        state
    }

    fn own_stamp(kind: VerdictKind, hlc: Hlc) -> Verdict {
        Verdict {
            kind,
            hlc,
            peer: None,
            found_at_ms: NOW_MS,
        }
    }

    #[test]
    fn stamps_within_the_limit_are_no_cause() {
        let caused = |head, high_water| {
            let state = state(stamp(head), stamp(high_water));
            cause(&state, &[], None, LIMIT, NOW_MS).map(|(cause, _)| cause)
        };
        let named = |ahead_ms: i64| {
            Some(Cause::ClockAhead {
                device_id: DEVICE.into(),
                ahead_ms: ahead_ms.cast_unsigned(),
            })
        };
        assert_eq!(caused(0, DAY_MS), None);
        assert_eq!(caused(0, DAY_MS + 1), named(DAY_MS + 1));
        assert_eq!(caused(DAY_MS + 2, 0), named(DAY_MS + 2));
        let far = state(stamp(0), stamp(365 * DAY_MS));
        let unlimited = cause(&far, &[], None, DriftLimit::Unlimited, NOW_MS);
        assert_eq!(unlimited, None);
    }

    #[test]
    fn a_stamp_of_a_lost_log_is_an_own_stamp_and_a_readers_cursor_is_not() {
        let state = state(stamp(0), stamp(0));
        let caused = |kind| {
            let verdicts = [own_stamp(kind, stamp(2 * DAY_MS))];
            cause(&state, &verdicts, None, LIMIT, NOW_MS).is_some()
        };
        assert!(caused(VerdictKind::OwnStamp));
        assert!(!caused(VerdictKind::AheadOfHead));
    }

    #[test]
    fn the_clock_is_looked_at_first() {
        let state = state(stamp(3 * DAY_MS), stamp(3 * DAY_MS));
        let remedy = |newest_at_ms, now_ms| {
            let caused = cause(&state, &[], newest_at_ms, LIMIT, now_ms);
            caused.map(|(_, remedy)| remedy)
        };
        let fix = Some(Remedy::FixClock);
        assert_eq!(remedy(None, NOW_MS), fix, "nothing is retained");
        assert_eq!(remedy(Some(NOW_MS + 3 * DAY_MS), NOW_MS), fix, "set back");
        assert_eq!(remedy(Some(NOW_MS), NOW_MS), Some(Remedy::NewIdentity));
        for impossible in [i64::MIN, -1, 0, 1_577_836_799_999, i64::MAX] {
            assert_eq!(remedy(Some(0), impossible), fix, "{impossible}");
        }
    }
}
