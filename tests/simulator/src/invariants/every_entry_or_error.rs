//! A reader gets every entry after its place, or an error (`R1`, `R2`).

use sync_log_core::{Hlc, Page, SharedChangeEntry};

use super::Violation;
use crate::chain::{Lineage, Prefix};

const NAME: &str = "every_entry_or_error";

/// What a reader had, and asked for, when its read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    pub place: Hlc,
    /// What it had applied up to there.
    pub has: Prefix,
    pub limit: usize,
    /// How many entries the log had committed.
    pub committed: usize,
}

/// Whether `page` holds what follows on what the reader has.
pub fn check(lineage: &Lineage, reader: &Reader, page: &Page) -> Result<(), Violation> {
    let from = lineage.len_through(reader.place);
    if lineage.prefix(from) != reader.has {
        return Err(broken(format!(
            "a reader at {} was served, whose {} entries up to there are not the {from} of this log",
            reader.place, reader.has.len
        )));
    }
    let expected = &lineage.entries()[from..];
    follows(expected, &page.entries)?;
    // What was committed when the read began is the least, what is there now the most.
    let waiting = reader.committed.saturating_sub(from).min(expected.len());
    let least = whole_groups(&expected[..waiting], reader.limit);
    if page.entries.len() < least {
        return Err(broken(format!(
            "a page of at most {} has {} of {waiting} entries",
            reader.limit,
            page.entries.len()
        )));
    }
    if page.entries.last().is_some_and(|last| !last.group_end) {
        return Err(broken("a page ends inside a group".to_owned()));
    }
    let next = page.entries.last().map_or(reader.place, |entry| entry.hlc);
    let is_full = page.entries.len() <= whole_groups(expected, reader.limit);
    let more = page.head > next && !page.entries.is_empty();
    let is_current = next <= page.head && page.head <= lineage.head();
    if page.next.hlc() != next || page.more != more || !is_full || !is_current {
        return Err(broken(format!("a page misjudges what it is: {page:?}")));
    }
    Ok(())
}

/// How many of `entries` a page of at most `limit` has: whole groups, at least one (`R1`).
fn whole_groups(entries: &[SharedChangeEntry], limit: usize) -> usize {
    let is_end = |entry: &SharedChangeEntry| entry.group_end;
    let within = &entries[..entries.len().min(limit)];
    let last = within.iter().rposition(is_end);
    let first = || entries.iter().position(is_end);
    last.or_else(first).map_or(0, |last| last + 1)
}

/// Whether a reader was refused that had what the log had, up to a place where
/// entries may still follow.
pub fn check_refusal(lineage: &Lineage, place: Hlc, has: Prefix) -> Result<(), Violation> {
    let from = lineage.len_through(place);
    if lineage.prefix(from) == has && place >= lineage.floor().hlc {
        return Err(broken(format!(
            "a reader at {place} was refused without need"
        )));
    }
    Ok(())
}

/// Whether what the owner sees is everything that is pending.
pub fn check_owner(lineage: &Lineage, seen: &[SharedChangeEntry]) -> Result<(), Violation> {
    let pending = lineage.retained();
    if seen.len() != pending.len() {
        let (seen, pending) = (seen.len(), pending.len());
        return Err(broken(format!(
            "the owner sees {seen} of {pending} entries"
        )));
    }
    follows(pending, seen)
}

fn follows(expected: &[SharedChangeEntry], seen: &[SharedChangeEntry]) -> Result<(), Violation> {
    for (place, entry) in seen.iter().enumerate() {
        match expected.get(place) {
            Some(expected) if expected == entry => {}
            Some(expected) => {
                let what = format!("a read has {} where {} is next", entry.hlc, expected.hlc);
                return Err(broken(what));
            }
            None => {
                return Err(broken(format!(
                    "a read has {}, which is not there",
                    entry.hlc
                )));
            }
        }
    }
    Ok(())
}

fn broken(what: String) -> Violation {
    Violation::new(NAME, what)
}

#[cfg(test)]
mod tests {
    use sync_log_core::{Cursor, Tag};

    use super::super::sample::{DEVICE, entry, stamp};
    use super::*;

    /// A page of the changes `from..=to`.
    fn page(from: u64, to: u64) -> Page {
        Page {
            after: Cursor::ZERO,
            entries: (from..=to).map(|n| entry(n * 10, n)).collect(),
            next: Cursor::new(DEVICE, stamp(to * 10), Tag::from_bytes([1; 16])).unwrap(),
            head: stamp(50),
            floor: stamp(10),
            more: to < 5,
        }
    }

    /// A reader that has the first two of five.
    fn reader() -> Reader {
        Reader {
            place: stamp(20),
            has: Lineage::sample(2, 0).prefix(2),
            limit: 2,
            committed: 5,
        }
    }

    #[test]
    fn the_entries_that_follow_are_fine_also_if_they_are_gone_by_now() {
        for gone in [0, 1, 4] {
            assert_eq!(
                check(&Lineage::sample(5, gone), &reader(), &page(3, 4)),
                Ok(())
            );
        }
    }

    #[test]
    fn a_hole_is_told() {
        assert!(check(&Lineage::sample(5, 0), &reader(), &page(4, 5)).is_err());
    }

    #[test]
    fn a_page_that_ends_too_soon_is_told() {
        assert!(check(&Lineage::sample(5, 0), &reader(), &page(3, 3)).is_err());
    }

    #[test]
    fn a_reader_of_another_history_is_told() {
        let mut other = Lineage::sample(1, 0);
        other.push(entry(20, 9));
        let has = other.prefix(2);
        let stranger = Reader { has, ..reader() };
        assert!(check(&Lineage::sample(5, 0), &stranger, &page(3, 4)).is_err());
    }

    #[test]
    fn only_a_reader_with_another_history_or_below_the_floor_may_be_refused() {
        let has = Lineage::sample(2, 0).prefix(2);
        assert!(check_refusal(&Lineage::sample(5, 2), stamp(20), has).is_err());
        assert!(check_refusal(&Lineage::sample(5, 0), Hlc::ZERO, Prefix::default()).is_err());
        assert_eq!(
            check_refusal(&Lineage::sample(5, 3), stamp(20), has),
            Ok(())
        );
        assert_eq!(
            check_refusal(&Lineage::sample(1, 0), stamp(20), has),
            Ok(())
        );
    }

    #[test]
    fn below_the_begin_of_an_adopted_log_nobody_is_served() {
        let adopted = Lineage::from_floor(DEVICE, stamp(9), vec![entry(10, 1)]);
        let has = adopted.prefix(0);
        let at = |place, prefix| Reader {
            place,
            has: prefix,
            limit: 1,
            committed: 1,
        };
        let page = Page {
            head: stamp(10),
            more: false,
            ..page(1, 1)
        };
        assert_eq!(check(&adopted, &at(stamp(9), has), &page), Ok(()));
        assert!(check(&adopted, &at(Hlc::ZERO, Prefix::default()), &page).is_err());
        assert!(check_refusal(&adopted, stamp(9), has).is_err());
        assert_eq!(
            check_refusal(&adopted, Hlc::ZERO, Prefix::default()),
            Ok(())
        );
    }

    #[test]
    fn a_page_of_more_than_was_asked_for_is_told() {
        let short = Reader {
            limit: 1,
            ..reader()
        };
        assert!(check(&Lineage::sample(5, 0), &short, &page(3, 4)).is_err());
    }

    #[test]
    fn a_page_that_cuts_a_group_is_told_and_one_that_is_longer_for_its_sake_is_not() {
        let mut grouped = Lineage::sample(2, 0);
        for number in 3..=5 {
            let mut entry = entry(number * 10, number);
            entry.group_end = number == 5;
            grouped.push(entry);
        }
        let entries = &grouped.entries()[2..];
        let cut = Page {
            entries: entries[..2].to_vec(),
            ..page(3, 4)
        };
        assert!(check(&grouped, &reader(), &cut).is_err());
        let whole = Page {
            entries: entries.to_vec(),
            ..page(3, 5)
        };
        assert_eq!(check(&grouped, &reader(), &whole), Ok(()));
    }

    #[test]
    fn a_wrong_next_and_a_wrong_more_are_told() {
        let wrong_next = Page {
            next: Cursor::ZERO,
            ..page(3, 4)
        };
        assert!(check(&Lineage::sample(5, 0), &reader(), &wrong_next).is_err());
        let wrong_more = Page {
            more: true,
            ..page(3, 5)
        };
        let greedy = Reader {
            limit: 9,
            ..reader()
        };
        assert!(check(&Lineage::sample(5, 0), &greedy, &wrong_more).is_err());
    }

    #[test]
    fn an_owner_that_misses_an_entry_is_told() {
        let seen = page(2, 5).entries;
        assert_eq!(check_owner(&Lineage::sample(5, 1), &seen), Ok(()));
        assert!(check_owner(&Lineage::sample(5, 1), &seen[1..]).is_err());
        assert!(check_owner(&Lineage::sample(5, 0), &seen).is_err());
    }
}
