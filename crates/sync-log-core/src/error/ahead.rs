//! How far one stamp is ahead of another, for a person.

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
}
