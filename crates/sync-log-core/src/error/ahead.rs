//! How far one stamp is from another, for a person.

use std::fmt;

use hlc::{DisplayMs, Hlc};

/// By how much the first stamp is ahead of the second: in time, or by its counter where both are
/// of the same millisecond.
pub(super) struct Ahead(pub(super) Hlc, pub(super) Hlc);

impl fmt::Display for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(first, second) = self;
        let time_ms = first.timestamp.saturating_sub(second.timestamp);
        if time_ms > 0 {
            return DisplayMs(time_ms).fmt(f);
        }
        match first.counter.saturating_sub(second.counter) {
            1 => write!(f, "1 stamp"),
            stamps => write!(f, "{stamps} stamps"),
        }
    }
}

/// By how much the first stamp is ahead of the head, or that there is no head: then the distance
/// would be the time since 1970.
pub(super) struct AheadOfHead(pub(super) Hlc, pub(super) Hlc);

impl fmt::Display for AheadOfHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stamp, head) = *self;
        if head.is_zero() {
            f.write_str("this log never held an entry")
        } else {
            write!(f, "it is {} ahead of the head", Ahead(stamp, head))
        }
    }
}

/// By how much a log begins after a cursor, or that the cursor is the one that every reader starts
/// with: then the distance would be the time since 1970.
pub(super) struct BeginsAfter {
    pub(super) floor: Hlc,
    pub(super) cursor: Hlc,
}

impl fmt::Display for BeginsAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { floor, cursor } = *self;
        if cursor.is_zero() {
            f.write_str("the cursor is at the start")
        } else {
            write!(
                f,
                "the log begins {} after the cursor",
                Ahead(floor, cursor)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn time_is_said_first_and_the_counter_within_a_millisecond() {
        let stamp = |ms, counter| Hlc::new(ms, counter, Uuid::nil());
        let text = |first, second| Ahead(first, second).to_string();
        assert_eq!(text(stamp(172_800_005, 0), stamp(5, 9)), "2 d");
        assert_eq!(text(stamp(5, 10), stamp(5, 9)), "1 stamp");
        assert_eq!(text(stamp(5, 12), stamp(5, 9)), "3 stamps");
    }

    #[test]
    fn nothing_is_measured_from_1970() {
        let stamp = |ms| Hlc::new(ms, 0, Uuid::nil());
        let begins = |cursor| {
            let floor = stamp(1_800_000_000_000);
            BeginsAfter { floor, cursor }.to_string()
        };
        assert_eq!(begins(Hlc::ZERO), "the cursor is at the start");
        assert_eq!(
            begins(stamp(1_799_999_999_000)),
            "the log begins 1 s after the cursor"
        );
        let ahead = |head| AheadOfHead(stamp(7), head).to_string();
        assert_eq!(ahead(Hlc::ZERO), "this log never held an entry");
        assert_eq!(ahead(stamp(2)), "it is 5 ms ahead of the head");
    }
}
