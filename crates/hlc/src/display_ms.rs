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

/// Each unit, with how many of the next smaller one it has.
const UNITS: [(&str, u64); 4] = [("d", 24), ("h", 60), ("min", 60), ("s", 1000)];

impl fmt::Display for DisplayMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms) = *self;
        let mut unit_ms = 24 * 60 * 60 * 1000;
        for (unit, parts) in UNITS {
            let part_ms = unit_ms / parts;
            if ms >= unit_ms {
                write!(f, "{} {unit}", ms / unit_ms)?;
                let rest = ms % unit_ms / part_ms;
                return match next(unit) {
                    Some(smaller) if rest > 0 => write!(f, " {rest} {smaller}"),
                    _ => Ok(()),
                };
            }
            unit_ms = part_ms;
        }
        write!(f, "{ms} ms")
    }
}

/// The unit below, as far as it is shown beside a larger one.
fn next(unit: &str) -> Option<&'static str> {
    let index = UNITS.iter().position(|(name, _)| *name == unit)?;
    UNITS.get(index + 1).map(|(name, _)| *name)
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
}
