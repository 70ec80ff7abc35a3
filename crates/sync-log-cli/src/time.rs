//! Times for people.

use sync_log_sqlite::Hlc;

/// A time in ms since the Unix epoch, as RFC 3339; `None` if no calendar has it.
pub(crate) fn rfc3339(ms: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(format!("{time:.3}"))
}

/// When a stamp was drawn; `None` if the stamp is zero.
pub(crate) fn of_stamp(hlc: Hlc) -> Option<String> {
    if hlc.is_zero() {
        return None;
    }
    i64::try_from(hlc.timestamp).ok().and_then(rfc3339)
}

/// A stamp for a narrow table: its time and its counter, without the device.
pub(crate) fn short(hlc: Hlc) -> String {
    if hlc.is_zero() {
        return "-".to_owned();
    }
    let time = of_stamp(hlc);
    time.map_or_else(|| hlc.to_string(), |time| format!("{time}+{}", hlc.counter))
}

#[cfg(test)]
mod tests {
    use sync_log_sqlite::Uuid;

    use super::*;

    #[test]
    fn a_time_is_rfc_3339_or_nothing() {
        let time = Some("2018-02-10T03:27:15.007Z".to_owned());
        assert_eq!(rfc3339(1_518_233_235_007), time);
        assert_eq!(rfc3339(i64::MAX), None);
    }

    #[test]
    fn a_short_stamp_has_its_time_and_its_counter() {
        let at = |ms| short(Hlc::new(ms, 4, Uuid::from_u128(1)));
        assert_eq!(at(1_518_233_235_007), "2018-02-10T03:27:15.007Z+4");
        assert_eq!(
            at(u64::MAX),
            Hlc::new(u64::MAX, 4, Uuid::from_u128(1)).to_string()
        );
        assert_eq!(short(Hlc::ZERO), "-");
    }
}
