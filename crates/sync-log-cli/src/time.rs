//! Times for people.

/// A time in ms since the Unix epoch, as RFC 3339; empty if no calendar has it.
pub(crate) fn rfc3339(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms);
    time.map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// When a stamp says that it was drawn.
pub(crate) fn of_stamp(hlc: sync_log_sqlite::Hlc) -> String {
    if hlc.is_zero() {
        String::new()
    } else {
        i64::try_from(hlc.timestamp)
            .map(rfc3339)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_or_nothing() {
        assert_eq!(rfc3339(1_518_233_235_007), "2018-02-10T03:27:15.007Z");
        assert_eq!(rfc3339(i64::MAX), "");
    }
}
