//! The millisecond of a reading of the system's clock.
//!
//! The standard library gives that number only by way of a `Duration` in memory, which takes half
//! as long as the reading itself. So each thread keeps a range of readings whose millisecond it
//! knows, from the reading that it computed last to the end of that millisecond. When readings are
//! many, two comparisons are enough for most of them; when they are few, their cost does not
//! matter. The answer is the same either way.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NANOS_PER_MS: u32 = 1_000_000;

std::thread_local! {
    static KNOWN: Cell<Known> = const { Cell::new(Known::NOTHING) };
}

/// Readings from `first` on and before `end`, all of the millisecond `ms`.
#[derive(Clone, Copy)]
struct Known {
    first: SystemTime,
    end: SystemTime,
    ms: i64,
}

impl Known {
    const NOTHING: Self = Self {
        first: UNIX_EPOCH,
        end: UNIX_EPOCH,
        ms: 0,
    };
}

/// Milliseconds from 1970 to `time`, rounded down; negative before.
#[inline]
pub(crate) fn of(time: SystemTime) -> i64 {
    KNOWN.with(|known| {
        let Known { first, end, ms } = known.get();
        if time < end && time >= first {
            ms
        } else {
            work_out(time, known)
        }
    })
}

#[cold]
fn work_out(time: SystemTime, known: &Cell<Known>) -> i64 {
    let after = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after,
        Err(before) => return -whole_ms(before.duration(), u32::div_ceil),
    };
    let ms = whole_ms(after, |nanos, per_ms| nanos / per_ms);
    let left = NANOS_PER_MS - after.subsec_nanos() % NANOS_PER_MS;
    if let Some(end) = time.checked_add(Duration::from_nanos(left.into())) {
        known.set(Known {
            first: time,
            end,
            ms,
        });
    }
    ms
}

/// Stays in 64 bits, where `Duration::as_millis` computes in 128.
fn whole_ms(duration: Duration, rounded: fn(u32, u32) -> u32) -> i64 {
    let ms = rounded(duration.subsec_nanos(), NANOS_PER_MS);
    let ms = duration
        .as_secs()
        .saturating_mul(1000)
        .saturating_add(ms.into());
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(micros: u64) -> i64 {
        of(UNIX_EPOCH + Duration::from_micros(micros))
    }

    fn before(micros: u64) -> i64 {
        of(UNIX_EPOCH - Duration::from_micros(micros))
    }

    #[test]
    fn the_system_time_is_rounded_down_on_both_sides_of_1970() {
        assert_eq!(
            (after(0), after(999), after(1000), after(1_234_567)),
            (0, 0, 1, 1234)
        );
        assert_eq!(
            (before(1), before(1000), before(1001), before(1_234_567)),
            (-1, -1, -2, -1235)
        );
    }

    #[test]
    fn a_reading_is_known_from_the_last_one_to_the_end_of_its_millisecond_and_no_further() {
        assert_eq!(after(7_400), 7);
        let ascending = [(7_400, 7), (7_999, 7), (8_000, 8), (8_001, 8), (9_500, 9)];
        let descending = [(9_499, 9), (8_999, 8), (7_400, 7), (7_399, 7), (6_999, 6)];
        for (micros, ms) in ascending.into_iter().chain(descending) {
            assert_eq!(after(micros), ms, "{micros} µs");
        }
    }

    #[test]
    fn a_clock_set_back_by_years_is_read_as_it_is() {
        const YEAR_MICROS: u64 = 365 * 24 * 60 * 60 * 1_000_000;
        assert_eq!(after(10 * YEAR_MICROS), 315_360_000_000);
        assert_eq!(after(YEAR_MICROS), 31_536_000_000);
        assert_eq!(before(1), -1);
        assert_eq!(after(0), 0);
    }
}
