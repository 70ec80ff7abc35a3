//! What a call answered is so: after `Ok` a change is there under the stamp
//! that was returned, after an error it is not, and a batch is there as a whole
//! or not at all (`A1`–`A3`, `A7`).

use sync_log_core::{Hlc, MAX_PAGE_ENTRIES, SharedChangeEntry};

use super::Violation;
use crate::chain::Lineage;
use crate::change::number;

const NAME: &str = "answers_hold";

/// What a call said about its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// They are in the log, under these stamps.
    Stamped(&'a [Hlc]),
    /// They are not in the log.
    Refused,
    /// Nothing: it was cut short, or its answer was lost.
    Nothing,
}

/// Whether the changes `numbers` of one call are there as it answered. They are
/// among the entries from place `from` on.
pub fn check(
    lineage: &Lineage,
    from: usize,
    numbers: &[u64],
    answer: Answer<'_>,
) -> Result<(), Violation> {
    let since = lineage.entries().get(from..).unwrap_or_default();
    let found: Vec<(u64, Hlc)> = since
        .iter()
        .map(|entry| (number(entry), entry.hlc))
        .filter(|(number, _)| numbers.contains(number))
        .collect();
    let is_whole = found.iter().map(|(number, _)| number).eq(numbers);
    if !found.is_empty() && !is_whole {
        return Err(broken(numbers, "is there in part"));
    }
    match answer {
        Answer::Stamped(_) if found.is_empty() => Err(broken(numbers, "was Ok and is not there")),
        Answer::Stamped(stamps) if !found.iter().map(|(_, hlc)| hlc).eq(stamps) => {
            Err(broken(numbers, "is there under other stamps"))
        }
        Answer::Refused if !found.is_empty() => Err(broken(numbers, "was refused and is there")),
        _ => Ok(()),
    }
}

/// Whether the batch that was recorded under these stamps is one group, or, if that is more
/// than a page holds, bulk, of which each change is one (`R1`).
pub fn check_group(lineage: &Lineage, stamps: &[Hlc]) -> Result<(), Violation> {
    let is_bulk = stamps.len() > MAX_PAGE_ENTRIES;
    let entries = stamps.iter().filter_map(|hlc| lineage.at(*hlc));
    let wrong = entries
        .zip(1..)
        .find(|(entry, place)| entry.group_end != (is_bulk || *place == stamps.len()));
    match wrong {
        Some((entry, _)) => Err(Violation::new(
            NAME,
            format!("the entry {} is of another group than recorded", entry.hlc),
        )),
        None => Ok(()),
    }
}

/// Whether a prune deleted as many entries as it answered, of a log of which `before` were
/// deleted when it began.
pub fn check_pruned(lineage: &Lineage, before: usize, answered: usize) -> Result<(), Violation> {
    let deleted = lineage.gone().len() - before;
    if deleted == answered {
        return Ok(());
    }
    let what = format!("a prune answered {answered} and deleted {deleted} entries");
    Err(Violation::new(NAME, what))
}

/// Whether an append may be refused: not if that very entry is retained, because then
/// it is a retry. Another entry under the same stamp is none: another program can have
/// written one there, after the stamp was drawn and before the append.
pub fn check_retry(lineage: &Lineage, entry: &SharedChangeEntry) -> Result<(), Violation> {
    let hlc = entry.hlc;
    let retained = lineage.retained();
    let place = retained.binary_search_by_key(&hlc, |stored| stored.hlc);
    if place.is_ok_and(|place| retained[place] == *entry) {
        return Err(Violation::new(
            NAME,
            format!("the retry of {hlc} was refused"),
        ));
    }
    Ok(())
}

fn broken(numbers: &[u64], what: &str) -> Violation {
    Violation::new(NAME, format!("the batch of changes {numbers:?} {what}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{entry, stamp};
    use super::*;

    fn checked(numbers: &[u64], answer: Answer<'_>) -> Result<(), Violation> {
        check(&Lineage::sample(5, 0), 2, numbers, answer)
    }

    #[test]
    fn what_was_answered_truly_is_fine() {
        let stamps = [stamp(40), stamp(50)];
        assert_eq!(checked(&[4, 5], Answer::Stamped(&stamps)), Ok(()));
        assert_eq!(checked(&[6], Answer::Refused), Ok(()));
        assert_eq!(checked(&[4, 5], Answer::Nothing), Ok(()));
        assert_eq!(checked(&[6, 7], Answer::Nothing), Ok(()));
    }

    #[test]
    fn half_a_batch_is_told_whatever_was_answered() {
        for answer in [Answer::Nothing, Answer::Refused, Answer::Stamped(&[])] {
            assert!(checked(&[5, 6], answer).is_err(), "{answer:?}");
        }
    }

    #[test]
    fn a_batch_of_other_groups_is_told_and_bulk_is_none() {
        let lineage_of = |ends: &[bool]| {
            let mut lineage = Lineage::default();
            for (number, group_end) in (1..).zip(ends) {
                let mut entry = entry(10 * number, number);
                entry.group_end = *group_end;
                lineage.push(entry);
            }
            lineage
        };
        let stamps: Vec<Hlc> = (1..=3).map(|number| stamp(10 * number)).collect();
        let checked = |ends: &[bool]| check_group(&lineage_of(ends), &stamps);
        assert_eq!(checked(&[false, false, true]), Ok(()));
        assert!(checked(&[false, true, true]).is_err());
        assert!(checked(&[true, true, true]).is_err());
        assert!(checked(&[false, false, false]).is_err());
        let bulk: Vec<Hlc> = (1..=MAX_PAGE_ENTRIES as u64 + 1)
            .map(|number| stamp(10 * number))
            .collect();
        assert_eq!(check_group(&lineage_of(&[true; 3]), &bulk), Ok(()));
        assert!(check_group(&lineage_of(&[true, false]), &bulk).is_err());
    }

    #[test]
    fn a_prune_that_deleted_more_or_less_than_it_answered_is_told() {
        assert_eq!(check_pruned(&Lineage::sample(5, 3), 1, 2), Ok(()));
        assert!(check_pruned(&Lineage::sample(5, 3), 1, 3).is_err());
        assert!(check_pruned(&Lineage::sample(5, 3), 1, 0).is_err());
    }

    #[test]
    fn a_retry_may_be_refused_only_when_its_entry_is_gone() {
        assert!(check_retry(&Lineage::sample(5, 2), &entry(30, 3)).is_err());
        assert_eq!(check_retry(&Lineage::sample(5, 3), &entry(30, 3)), Ok(()));
        assert_eq!(check_retry(&Lineage::sample(5, 3), &entry(55, 6)), Ok(()));
    }

    #[test]
    fn another_entry_under_a_stamp_that_is_taken_may_be_refused_and_may_not_be_ok() {
        let other = entry(30, 6);
        assert_eq!(check_retry(&Lineage::sample(5, 2), &other), Ok(()));
        let stamps = [other.hlc];
        assert!(checked(&[6], Answer::Stamped(&stamps)).is_err());
    }

    #[test]
    fn a_false_answer_is_told() {
        assert!(checked(&[6], Answer::Stamped(&[stamp(60)])).is_err());
        assert!(checked(&[5], Answer::Stamped(&[stamp(51)])).is_err());
        assert!(checked(&[5], Answer::Refused).is_err());
    }
}
