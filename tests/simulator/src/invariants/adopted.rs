//! What another program wrote is adopted whole, and believed in nothing: every own entry
//! above the floor stays, the log begins just below the oldest, acks count for nothing, and the
//! peers are not declared (`I3`, `I4`).

use sync_log_core::{Hlc, SharedChangeEntry, Tag};

use super::Violation;
use crate::storage::{Dump, Marks};

const NAME: &str = "adopted";

/// Whether `found` is what has to become of the entries `expected` and the marks
/// `before`.
pub fn check(
    before: &Marks,
    expected: &[SharedChangeEntry],
    found: &Dump,
) -> Result<(), Violation> {
    let marks = &found.marks;
    if found.entries != expected {
        let (found, expected) = (found.entries.len(), expected.len());
        return Err(broken(format!(
            "of {expected} entries {found} are there, or others"
        )));
    }
    let starts = match expected.first() {
        Some(oldest) => marks.floor < oldest.hlc && Hlc::ZERO < marks.floor,
        None => marks.floor == marks.head && before.head <= marks.head,
    };
    if !starts || marks.floor_tag != Tag::ZERO {
        let what = format!(
            "the floor {} is not just below the oldest entry",
            marks.floor
        );
        return Err(broken(what));
    }
    let newest = expected.last().map_or(marks.floor, |entry| entry.hlc);
    if marks.head != newest {
        return Err(broken(format!(
            "the head is {} instead of {newest}",
            marks.head
        )));
    }
    if marks.high_water < before.high_water.max(newest) {
        return Err(broken(format!("the high-water is {}", marks.high_water)));
    }
    if marks.settled != marks.high_water {
        return Err(broken(format!("the log is settled at {}", marks.settled)));
    }
    if marks.declared || marks.solo {
        return Err(broken("nobody said who the peers are".to_owned()));
    }
    for (peer, mark) in &marks.peers {
        if mark.verified && !mark.acked.is_zero() {
            return Err(broken(format!("the ack of {peer} is believed")));
        }
    }
    for (peer, was) in &before.peers {
        let is = marks.peers.get(peer);
        if is.map(|is| (is.active, is.admission)) != Some((was.active, was.admission)) {
            return Err(broken(format!("peer {peer} is not what it was")));
        }
    }
    Ok(())
}

/// Whether a log that another program wrote to is as that program left it.
pub fn check_untouched(
    before: &Marks,
    expected: &[SharedChangeEntry],
    found: &Dump,
) -> Result<(), Violation> {
    let marks = Marks {
        altered: before.altered,
        ..found.marks.clone()
    };
    if marks != *before || found.entries != expected {
        return Err(broken(
            "a log that another program wrote to was written on".to_owned(),
        ));
    }
    Ok(())
}

fn broken(what: String) -> Violation {
    Violation::new(NAME, what)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{PEER, entry, peer_mark, stamp};
    use super::*;

    fn before() -> Marks {
        let mark = peer_mark(20);
        Marks {
            head: stamp(30),
            floor: stamp(10),
            high_water: stamp(60),
            peers: [(PEER, mark)].into(),
            ..Marks::zero()
        }
    }

    fn dump(marks: Marks) -> Dump {
        Dump {
            log_id: PEER,
            marks,
            entries: expected().to_vec(),
        }
    }

    fn expected() -> [SharedChangeEntry; 2] {
        [entry(20, 2), entry(40, 4)]
    }

    fn found(change: impl FnOnce(&mut Dump)) -> Dump {
        let mut marks = before();
        marks.head = stamp(40);
        marks.floor = stamp(19);
        marks.settled = marks.high_water;
        marks.declared = false;
        marks.peers.get_mut(&PEER).unwrap().verified = false;
        let mut dump = dump(marks);
        change(&mut dump);
        dump
    }

    #[test]
    fn what_is_kept_and_not_believed_is_fine() {
        assert_eq!(check(&before(), &expected(), &found(|_| {})), Ok(()));
        let empty = found(|dump| {
            dump.entries.clear();
            dump.marks.floor = stamp(40);
        });
        assert_eq!(check(&before(), &[], &empty), Ok(()));
    }

    #[test]
    fn what_is_lost_or_believed_is_told() {
        let wrong: [fn(&mut Dump); 11] = [
            |dump| drop(dump.entries.remove(0)),
            |dump| dump.entries[0] = entry(20, 3),
            |dump| dump.marks.floor = stamp(20),
            |dump| dump.marks.floor = Hlc::ZERO,
            |dump| dump.marks.head = stamp(30),
            |dump| dump.marks.high_water = stamp(50),
            |dump| dump.marks.settled = stamp(50),
            |dump| dump.marks.declared = true,
            |dump| dump.marks.peers.get_mut(&PEER).unwrap().verified = true,
            |dump| dump.marks.peers.get_mut(&PEER).unwrap().active = false,
            |dump| dump.marks.peers.clear(),
        ];
        for (number, change) in wrong.into_iter().enumerate() {
            assert!(
                check(&before(), &expected(), &found(change)).is_err(),
                "{number}"
            );
        }
    }

    #[test]
    fn a_write_to_what_has_to_be_adopted_first_is_told() {
        let left = |change: fn(&mut Dump)| {
            let marks = before();
            let mut dump = dump(marks);
            dump.marks.altered = true;
            change(&mut dump);
            check_untouched(&before(), &expected(), &dump)
        };
        assert_eq!(left(|_| {}), Ok(()));
        assert!(left(|dump| drop(dump.entries.pop())).is_err());
        assert!(left(|dump| dump.marks.high_water = stamp(70)).is_err());
    }
}
