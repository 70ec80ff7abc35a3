//! What was committed stays as it is until it is pruned from the old end, and
//! what is new lies above it (`A1`, `A5`, `P3`).

use std::collections::BTreeSet;

use sync_log_core::SharedChangeEntry;

use super::Violation;
use crate::chain::Lineage;
use crate::change::{is_unaltered, number};

const NAME: &str = "nothing_lost";

/// How the retained entries follow from those of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// How many of the oldest were deleted.
    pub deleted: usize,
    /// From which place on the found ones are new.
    pub new_from: usize,
}

/// Whether `found` is what was retained, without some of the oldest, and with
/// some of the changes `in_flight` above.
pub fn check(
    lineage: &Lineage,
    found: &[SharedChangeEntry],
    in_flight: &BTreeSet<u64>,
) -> Result<Moved, Violation> {
    let retained = lineage.retained();
    let deleted = match found.first() {
        Some(first) => retained.partition_point(|entry| entry.hlc < first.hlc),
        None => retained.len(),
    };
    let kept = &retained[deleted..];
    let new_from = found.partition_point(|entry| entry.hlc <= lineage.head());
    let (old, new) = found.split_at(new_from);
    if let Some((expected, _)) = kept.iter().zip(old).find(|(kept, old)| kept != old) {
        return Err(broken(format!(
            "the entry at {} is missing or altered, or one was put before it",
            expected.hlc
        )));
    }
    if let Some(missing) = kept.get(old.len()) {
        return Err(broken(format!("the entry at {} is missing", missing.hlc)));
    }
    if let Some(late) = old.get(kept.len()) {
        return Err(broken(format!(
            "the entry at {} was committed below the head {}",
            late.hlc,
            lineage.head()
        )));
    }
    if let Some(unknown) = new.iter().find(|e| !in_flight.contains(&number(e))) {
        return Err(broken(format!("nobody recorded the entry {unknown:?}")));
    }
    if let Some(altered) = new.iter().find(|entry| !is_unaltered(entry)) {
        return Err(broken(format!(
            "the entry is not what was recorded: {altered:?}"
        )));
    }
    Ok(Moved { deleted, new_from })
}

fn broken(what: String) -> Violation {
    Violation::new(NAME, what)
}

#[cfg(test)]
mod tests {
    use sync_log_core::ChangeType;

    use super::super::sample::entry;
    use super::*;

    fn found(stamps: &[u64]) -> Vec<SharedChangeEntry> {
        stamps.iter().map(|ms| entry(*ms, *ms / 10)).collect()
    }

    fn checked(found: &[SharedChangeEntry]) -> Result<Moved, Violation> {
        check(&Lineage::sample(4, 1), found, &BTreeSet::from([5, 6]))
    }

    #[test]
    fn pruned_from_the_old_end_and_grown_at_the_new_one_is_fine() {
        for (stamps, deleted, new_from) in [
            (&[20, 30, 40][..], 0, 3),
            (&[40], 2, 1),
            (&[], 3, 0),
            (&[30, 40, 50, 60], 1, 2),
        ] {
            assert_eq!(checked(&found(stamps)), Ok(Moved { deleted, new_from }));
        }
    }

    #[test]
    fn an_entry_that_is_missing_is_told() {
        for stamps in [&[20, 40][..], &[20, 30], &[20, 30, 50]] {
            assert!(checked(&found(stamps)).is_err(), "{stamps:?}");
        }
    }

    #[test]
    fn an_altered_entry_is_told() {
        let mut found = found(&[20, 30, 40]);
        found[1] = entry(30, 7);
        assert!(checked(&found).is_err());
    }

    #[test]
    fn a_new_entry_that_was_altered_on_its_way_is_told() {
        let mut found = found(&[20, 30, 40, 50]);
        found[3].change_type = ChangeType::Insert;
        assert!(checked(&found).is_err());
    }

    #[test]
    fn an_entry_below_the_head_is_told() {
        let mut found = found(&[20, 30, 40]);
        found.insert(2, entry(35, 5));
        assert!(checked(&found).is_err());
    }

    #[test]
    fn an_entry_that_comes_back_after_it_was_pruned_is_told() {
        assert!(checked(&found(&[10, 20, 30, 40])).is_err());
    }

    #[test]
    fn an_entry_that_nobody_recorded_is_told() {
        assert!(checked(&found(&[20, 30, 40, 70])).is_err());
    }
}
