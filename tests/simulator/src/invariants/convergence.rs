//! Once everything is healed, every device has every entry of every other, and
//! the logs have drained.

use super::Violation;
use crate::chain::{Lineage, Prefix};

const NAME: &str = "convergence";

/// Whether a device has everything of a log.
pub fn check_same(
    origin: &str,
    lineage: &Lineage,
    reader: &str,
    has: Prefix,
) -> Result<(), Violation> {
    let all = lineage.entries().len();
    if lineage.prefix(all) == has {
        return Ok(());
    }
    let what = format!(
        "{reader} has {} of the {all} entries of {origin}, or others",
        has.len
    );
    Err(Violation::new(NAME, what))
}

/// Whether no more than `may_stay` entries are left in a log.
pub fn check_drained(origin: &str, lineage: &Lineage, may_stay: usize) -> Result<(), Violation> {
    let left = lineage.retained().len();
    if left <= may_stay {
        return Ok(());
    }
    let what = format!("{left} entries are left in the log of {origin}, {may_stay} may stay");
    Err(Violation::new(NAME, what))
}

#[cfg(test)]
mod tests {
    use super::super::sample::entry;
    use super::*;

    #[test]
    fn the_same_entries_are_the_same_whatever_is_pruned() {
        let has = Lineage::sample(3, 0).prefix(3);
        assert_eq!(check_same("a", &Lineage::sample(3, 2), "b", has), Ok(()));
    }

    #[test]
    fn fewer_or_other_entries_are_told() {
        let mut other = Lineage::sample(2, 0);
        other.push(entry(30, 9));
        for has in [Lineage::sample(2, 0).prefix(2), other.prefix(3)] {
            assert!(check_same("a", &Lineage::sample(3, 0), "b", has).is_err());
        }
    }

    #[test]
    fn a_log_that_did_not_drain_is_told() {
        assert_eq!(check_drained("a", &Lineage::sample(3, 2), 1), Ok(()));
        assert!(check_drained("a", &Lineage::sample(3, 2), 0).is_err());
    }
}
