//! Milliseconds, displayed for a person.

use core::fmt;

/// Milliseconds, displayed in their two largest units: `7 ms`, `1 min 1 s`, `2 d`.
///
/// Smaller units are left out, not rounded.
///
/// ```
/// assert_eq!(hlc::DisplayMs(90_061_000).to_string(), "1 d 1 h");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DisplayMs(pub u64);

/// Each unit in ms, the largest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("min", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

impl fmt::Display for DisplayMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Units {
            ms: self.0,
            smallest: self.smallest(),
        }
        .fmt(f)
    }
}

impl DisplayMs {
    /// Displays this time beside `other`, with as many units as it takes to see which is longer.
    pub(crate) fn beside(self, other: Self) -> impl fmt::Display {
        let differs = |unit_ms: u64| self.0 / unit_ms != other.0 / unit_ms;
        let smallest = (self.smallest()..UNITS.len())
            .find(|unit| differs(UNITS[*unit].1))
            .unwrap_or(UNITS.len() - 1);
        Units {
            ms: self.0,
            smallest,
        }
    }

    /// The smallest unit that is shown if the time stands alone. Seconds are shown without
    /// milliseconds.
    fn smallest(self) -> usize {
        let largest = UNITS.iter().position(|(_, unit_ms)| self.0 >= *unit_ms);
        match largest.unwrap_or(UNITS.len() - 1) {
            larger @ 0..3 => larger + 1,
            seconds_or_less => seconds_or_less,
        }
    }
}

/// A time in units down to the one at this index.
struct Units {
    ms: u64,
    smallest: usize,
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.ms;
        let mut separator = "";
        for (unit, unit_ms) in &UNITS[..=self.smallest] {
            let count = rest / unit_ms;
            rest %= unit_ms;
            if count > 0 {
                write!(f, "{separator}{count} {unit}")?;
                separator = " ";
            }
        }
        if separator.is_empty() {
            let (unit, _) = UNITS[self.smallest];
            write!(f, "0 {unit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn the_two_largest_units_are_shown() {
        let cases = [
            (0, "0 ms"),
            (7, "7 ms"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (3_601_000, "1 h"),
            (86_400_000, "1 d"),
            (34_650_000_000, "401 d 1 h"),
            (u64::MAX, "213503982334 d 14 h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(DisplayMs(ms).to_string(), expected);
        }
    }

    #[test]
    fn times_that_are_compared_look_different() {
        const DAY_MS: u64 = 86_400_000;
        let cases = [
            (DAY_MS + 3_600_000, DAY_MS, "1 d 1 h", "1 d"),
            (DAY_MS + 300_000, DAY_MS, "1 d 5 min", "1 d"),
            (DAY_MS + 1, DAY_MS, "1 d 1 ms", "1 d"),
            (2 * DAY_MS, DAY_MS, "2 d", "1 d"),
            (1500, 1000, "1 s 500 ms", "1 s"),
            (1000, 10, "1 s", "10 ms"),
            (1, 0, "1 ms", "0 ms"),
        ];
        for (longer, shorter, long, short) in cases {
            let [longer, shorter] = [longer, shorter].map(DisplayMs);
            assert_eq!(longer.beside(shorter).to_string(), long);
            assert_eq!(shorter.beside(longer).to_string(), short);
        }
    }
}
