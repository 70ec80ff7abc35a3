//! The position of a clock, in 64 bits: 48 bits of milliseconds above a counter of 16 bits.
//!
//! 48 bits of milliseconds last until the year 10889. Adding 1 to a full counter carries into the
//! millisecond by itself, so no code has to handle a full counter.

use uuid::Uuid;

use crate::Hlc;

/// The end of the timestamps that a [`Clock`](crate::Clock) takes from outside, in milliseconds
/// since the Unix epoch: 2^48 - 2^32, in the year 10889.
///
/// A remote stamp at or above the ceiling is refused, whatever the
/// [`DriftLimits`](crate::DriftLimits) are, and such a reading of the wall clock counts as no
/// reading. The 2^32 ms from here to the end of the clock's range are the reserve for its own
/// stamps, so that nothing from outside can exhaust the clock.
pub const CEILING_MS: u64 = (1 << 48) - (1 << 32);

/// `resume` accepts stamps below this end, half-way up the reserve. The reason is at
/// [`ResumeError`](crate::ResumeError).
const RESUME_END_MS: u64 = (1 << 48) - (1 << 31);

const COUNTER_BITS: u32 = 16;
const COUNTER_MAX: u64 = (1 << COUNTER_BITS) - 1;

/// The position of the wall clock, and the milliseconds from which drift is measured. Both are 0
/// if the reading is before 1970 or at or above the ceiling, because such a reading is useless.
#[inline]
pub(crate) const fn wall_ms(reading_ms: i64) -> u64 {
    // As an unsigned number a negative reading is far above the ceiling.
    let ms = reading_ms.cast_unsigned();
    if ms < CEILING_MS { ms } else { 0 }
}

/// The first position of a millisecond. The caller has checked it against the ceiling.
#[inline]
pub(crate) const fn start_of(ms: u64) -> u64 {
    ms << COUNTER_BITS
}

/// The millisecond of a position.
#[inline]
pub(crate) const fn ms_of(position: u64) -> u64 {
    position >> COUNTER_BITS
}

/// The next position above the stamp, whatever its counter. The caller has checked the timestamp
/// against the ceiling.
#[inline]
pub(crate) fn above(stamp: Hlc) -> u64 {
    // A counter that does not fit counts as a full one, whose successor is the next millisecond.
    (start_of(stamp.timestamp) | stamp.counter.min(COUNTER_MAX)) + 1
}

/// The position to resume from, at or above the stamp, or `None` if it is too high.
pub(crate) fn at_or_above(stamp: Hlc) -> Option<u64> {
    if stamp.timestamp >= RESUME_END_MS {
        return None;
    }
    // A counter that does not fit is below the next millisecond. If it counted as a full one, new
    // stamps would be above it too, but an echo of the own stamp would seem to be ahead.
    let position = match stamp.counter {
        0..=COUNTER_MAX => start_of(stamp.timestamp) | stamp.counter,
        _ => start_of(stamp.timestamp + 1),
    };
    (position < start_of(RESUME_END_MS)).then_some(position)
}

/// The stamp of a position.
#[inline]
pub(crate) const fn stamp_at(position: u64, device_id: Uuid) -> Hlc {
    Hlc::new(ms_of(position), position & COUNTER_MAX, device_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(timestamp: u64, counter: u64) -> Hlc {
        Hlc::new(timestamp, counter, Uuid::from_u128(1))
    }

    fn stamp_of(position: u64) -> Hlc {
        stamp_at(position, Uuid::from_u128(1))
    }

    #[test]
    fn a_reading_outside_1970_to_the_ceiling_is_none() {
        let ceiling = CEILING_MS.cast_signed();
        assert_eq!(
            (wall_ms(0), wall_ms(5), wall_ms(ceiling - 1)),
            (0, 5, CEILING_MS - 1)
        );
        for reading in [-1, i64::MIN, ceiling, i64::MAX] {
            assert_eq!(wall_ms(reading), 0, "{reading}");
        }
    }

    #[test]
    fn a_full_counter_carries_into_the_millisecond() {
        assert_eq!(stamp_of(above(stamp(7, 0xfffe))), stamp(7, 0xffff));
        assert_eq!(stamp_of(above(stamp(7, 0xffff))), stamp(8, 0));
    }

    #[test]
    fn a_foreign_counter_that_does_not_fit_rounds_up_to_the_next_millisecond() {
        for counter in [0x1_0000, u64::MAX] {
            assert_eq!(stamp_of(above(stamp(7, counter))), stamp(8, 0));
            assert_eq!(
                at_or_above(stamp(7, counter)).map(stamp_of),
                Some(stamp(8, 0))
            );
        }
        let highest = above(stamp(CEILING_MS - 1, u64::MAX));
        assert_eq!(stamp_of(highest), stamp(CEILING_MS, 0));
    }

    #[test]
    fn resume_goes_half_way_up_the_reserve_and_leaves_two_to_the_47_stamps() {
        let highest = stamp(RESUME_END_MS - 1, 0xffff);
        let position = at_or_above(highest).unwrap();
        assert_eq!(stamp_of(position), highest);
        assert_eq!(u64::MAX - position, 1 << 47);
        for too_high in [
            (RESUME_END_MS - 1, 0x1_0000),
            (RESUME_END_MS, 0),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(at_or_above(stamp(too_high.0, too_high.1)), None);
        }
    }
}
