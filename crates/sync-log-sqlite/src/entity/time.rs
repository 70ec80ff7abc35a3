//! Times as they are stored: RFC 3339, UTC, milliseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The length of a date without a time.
const DATE_LENGTH: usize = "2018-02-10".len();

/// The stored form. A time that RFC 3339 cannot express becomes the nearest one that it can
/// express.
pub(crate) fn to_text(ms: i64) -> String {
    let nearest = || {
        if ms < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        }
    };
    let time = Timestamp::from_millisecond(ms).unwrap_or_else(|_| nearest());
    format!("{time:.3}")
}

/// Reads the stored form, or any other RFC 3339 time that a program wrote.
pub(crate) fn from_text(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(|time| time.as_millisecond())
}

/// Reads a time of a legacy log: RFC 3339, or as SQLite's own functions write it, which is UTC
/// without saying so: `2018-02-10 03:27:15.007`.
pub(crate) fn of_legacy_row(text: &str) -> Option<i64> {
    let of_sqlite = || {
        let time = text.parse::<DateTime>().ok()?;
        let has_time = text.len() > DATE_LENGTH;
        let at = has_time.then(|| TimeZone::UTC.to_timestamp(time))?;
        at.map(Timestamp::as_millisecond).ok()
    };
    from_text(text).or_else(of_sqlite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_stored_as_rfc_3339_in_utc_with_milliseconds() {
        assert_eq!(to_text(1_518_233_235_007), "2018-02-10T03:27:15.007Z");
        assert_eq!(to_text(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_round_trip() {
        for ms in [0, 1, -1, 1_518_233_235_000, 253_402_000_000_000] {
            assert_eq!(from_text(&to_text(ms)), Some(ms));
        }
    }

    #[test]
    fn a_reading_beyond_all_calendars_is_stored_as_the_nearest_time() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(from_text(&to_text(ms)).is_some(), "{}", to_text(ms));
        }
    }

    #[test]
    fn other_spellings_of_rfc_3339_are_read() {
        assert_eq!(from_text("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(from_text("yesterday"), None);
        assert_eq!(from_text("1970-01-01 00:00:00"), None);
    }

    #[test]
    fn a_legacy_row_may_have_a_time_as_sqlite_writes_it() {
        let cases = [
            ("1970-01-01 00:00:01", Some(1000)),
            ("1970-01-01 00:00:01.25", Some(1250)),
            ("1970-01-01T00:00:01", Some(1000)),
            ("1970-01-01 00:01", Some(60_000)),
            ("1970-01-01 01:00:01.5+01:00", Some(1500)),
            ("1970-01-01", None),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(of_legacy_row(text), expected, "{text}");
        }
    }
}
