//! A wall clock that was wrong: what the log gave out is taken, however far ahead it is by now, and
//! it is named for as long as it is ahead.

use sync_log_core::Hlc;

use super::Violation;

const NAME: &str = "clocks";

/// How far ahead a stamp may be, in ms.
const LIMIT_MS: i128 = 24 * 3_600_000;

/// No clock is right after the year 2200.
const NONSENSE_MS: i64 = 7_258_118_400_000;

/// Whether a stamp that was refused as too far ahead may be: the log had not given it out.
pub fn check_refused(issued: Hlc, refused: Hlc) -> Result<(), Violation> {
    if refused > issued {
        return Ok(());
    }
    let what = format!("{refused} was refused by drift, and the log had given it out");
    Err(Violation::new(NAME, what))
}

/// Whether a log whose stamps are ahead of `wall_ms` says so.
pub fn check_named(issued: Hlc, wall_ms: i64, is_named: bool) -> Result<(), Violation> {
    let ahead_ms = i128::from(issued.timestamp) - i128::from(wall_ms);
    let is_reading = (0..NONSENSE_MS).contains(&wall_ms);
    if is_named || !is_reading || ahead_ms <= LIMIT_MS {
        return Ok(());
    }
    let what = format!("explain does not name a clock that is {ahead_ms} ms ahead");
    Err(Violation::new(NAME, what))
}

#[cfg(test)]
mod tests {
    use super::super::sample::stamp;
    use super::*;

    #[test]
    fn a_stamp_that_was_given_out_is_not_refused() {
        assert!(check_refused(stamp(5), stamp(5)).is_err());
        assert_eq!(check_refused(stamp(5), stamp(6)), Ok(()));
    }

    #[test]
    fn stamps_that_are_ahead_are_named() {
        let day_ms = 24 * 3_600_000;
        let ahead_by = |ms: i64| Hlc {
            timestamp: (day_ms + ms).cast_unsigned(),
            ..stamp(1)
        };
        assert_eq!(check_named(ahead_by(day_ms), day_ms, false), Ok(()));
        assert!(check_named(ahead_by(day_ms + 1), day_ms, false).is_err());
        assert_eq!(check_named(ahead_by(day_ms + 1), day_ms, true), Ok(()));
        assert_eq!(check_named(ahead_by(day_ms + 1), -1, false), Ok(()));
    }
}
