//! Times for people.

/// The two largest units of a time in ms.
pub(crate) fn duration(ms: u64) -> String {
    let (seconds, minutes, hours) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    match (hours / 24, hours, minutes, seconds) {
        (0, 0, 0, 0) => format!("{ms} ms"),
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes, _) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _, _) => format!("{days} d {} h", hours % 24),
    }
}

/// A time in ms since the Unix epoch, as RFC 3339; empty if no calendar has it.
pub(crate) fn rfc3339(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms);
    time.map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// When a stamp says that it was drawn.
pub(crate) fn of_stamp(hlc: sync_log_sqlite::Hlc) -> String {
    match hlc.is_zero() {
        true => String::new(),
        false => i64::try_from(hlc.timestamp)
            .map(rfc3339)
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_two_largest_units() {
        let cases = [
            (7, "7 ms"),
            (59_999, "59 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (34_650_000_000, "401 d 1 h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration(ms), expected);
        }
    }

    #[test]
    fn a_time_is_rfc_3339_or_nothing() {
        assert_eq!(rfc3339(1_518_233_235_007), "2018-02-10T03:27:15.007Z");
        assert_eq!(rfc3339(i64::MAX), "");
    }
}
