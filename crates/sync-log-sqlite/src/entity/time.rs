//! Times as they are stored: RFC 3339, UTC, milliseconds.

use jiff::Timestamp;

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
    }
}
