//! Head, floor, high-water and acks never go back, and they say what is true:
//! the head is the last entry, the floor the last that went (`A5`, `K1`–`K3`,
//! `P3`).

use std::collections::BTreeSet;

use sync_log_core::Uuid;

use super::Violation;
use crate::chain::Lineage;
use crate::storage::Marks;

const NAME: &str = "monotone";

/// Whether nothing went back between two looks.
pub fn check(before: &Marks, after: &Marks) -> Result<(), Violation> {
    for (what, was, is) in [
        ("the head", before.head, after.head),
        ("the floor", before.floor, after.floor),
        ("the high-water", before.high_water, after.high_water),
    ] {
        if is < was {
            return Err(broken(format!("{what} went back from {was} to {is}")));
        }
    }
    if after.settled != before.settled {
        let (before, after) = (before.settled, after.settled);
        let what = format!("the log was settled at {before}, and again at {after}");
        return Err(broken(what));
    }
    for (peer, mark) in &before.peers {
        let Some(now) = after.peers.get(peer) else {
            return Err(broken(format!("the row of peer {peer} is gone")));
        };
        if now.admission < mark.admission {
            return Err(broken(format!("the admission of {peer} went back")));
        }
        // What it acknowledged before it was admitted again, or before this program
        // was there, is nothing to go back on.
        let was = mark.acked;
        let is = now.acked;
        if now.admission == mark.admission && mark.verified && is < was {
            let what = format!("the ack of {peer} went back from {was} to {is}");
            return Err(broken(what));
        }
        if now.admission > mark.admission && !is.is_zero() {
            return Err(broken(format!("{peer} was admitted with an ack of {is}")));
        }
    }
    Ok(())
}

/// Whether the marks say what the log is.
pub fn check_true(lineage: &Lineage, marks: &Marks) -> Result<(), Violation> {
    let (head, floor) = (lineage.head(), lineage.floor());
    if (marks.head, marks.head_tag) != (head, lineage.head_mark().tag) {
        let found = marks.head;
        return Err(broken(format!(
            "the head is {found} instead of {head}, or its tag another"
        )));
    }
    if (marks.floor, marks.floor_tag) != (floor.hlc, floor.tag) {
        let (found, floor) = (marks.floor, floor.hlc);
        return Err(broken(format!("the floor is {found} instead of {floor}")));
    }
    if marks.high_water < head {
        return Err(broken(format!("the high-water is below the head {head}")));
    }
    match marks.peers.iter().find(|(_, mark)| mark.acked > head) {
        Some((peer, mark)) => Err(broken(format!(
            "the ack of {peer} at {} is above the head {head}",
            mark.acked
        ))),
        None => Ok(()),
    }
}

/// Whether the peers that count are those that were registered: none forgotten,
/// none retired but those that somebody wanted to retire, and none while solo.
pub fn check_peers(
    active: &BTreeSet<Uuid>,
    retiring: &BTreeSet<Uuid>,
    marks: &Marks,
) -> Result<(), Violation> {
    let counts = |peer: &Uuid| marks.peers.get(peer).is_some_and(|mark| mark.active);
    let forgotten = active
        .iter()
        .find(|peer| !counts(peer) && !retiring.contains(peer));
    if let Some(peer) = forgotten {
        return Err(broken(format!(
            "peer {peer} was registered and no longer counts"
        )));
    }
    if marks.solo && marks.peers.values().any(|mark| mark.active) {
        return Err(broken(
            "the library is solo and has an active peer".to_owned(),
        ));
    }
    Ok(())
}

fn broken(what: String) -> Violation {
    Violation::new(NAME, what)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{PEER, peer_mark, stamp};
    use sync_log_core::{Hlc, Tag};

    use super::*;

    fn marks() -> Marks {
        let lineage = Lineage::sample(5, 2);
        let mark = peer_mark(30);
        Marks {
            head: stamp(50),
            floor: stamp(20),
            head_tag: lineage.head_mark().tag,
            floor_tag: lineage.floor().tag,
            high_water: stamp(60),
            peers: [(PEER, mark)].into(),
            ..Marks::zero()
        }
    }

    fn with(change: impl FnOnce(&mut Marks)) -> Marks {
        let mut marks = marks();
        change(&mut marks);
        marks
    }

    #[test]
    fn what_stands_still_or_goes_up_is_fine() {
        let later = with(|marks| {
            marks.head = stamp(70);
            marks.floor = stamp(30);
            marks.peers.get_mut(&PEER).unwrap().acked = stamp(70);
        });
        assert_eq!(check(&marks(), &marks()), Ok(()));
        assert_eq!(check(&marks(), &later), Ok(()));
        assert_eq!(check_true(&Lineage::sample(5, 2), &marks()), Ok(()));
    }

    #[test]
    fn what_goes_back_is_told() {
        for earlier in [
            with(|marks| marks.head = stamp(40)),
            with(|marks| marks.floor = stamp(10)),
            with(|marks| marks.high_water = stamp(50)),
            with(|marks| marks.settled = stamp(5)),
            with(|marks| marks.peers.get_mut(&PEER).unwrap().acked = stamp(20)),
            with(|marks| marks.peers.get_mut(&PEER).unwrap().admission = 1),
            with(|marks| marks.peers.clear()),
        ] {
            assert!(check(&marks(), &earlier).is_err(), "{earlier:?}");
        }
    }

    #[test]
    fn an_ack_goes_back_to_nothing_with_an_admission_and_to_anything_if_it_was_not_verified() {
        let admitted = |acked: Hlc| {
            with(|marks| {
                let mark = marks.peers.get_mut(&PEER).unwrap();
                (mark.admission, mark.acked) = (3, acked);
            })
        };
        assert_eq!(check(&marks(), &admitted(Hlc::ZERO)), Ok(()));
        assert!(check(&marks(), &admitted(stamp(30))).is_err());
        let unverified = with(|marks| marks.peers.get_mut(&PEER).unwrap().verified = false);
        let lower = with(|marks| marks.peers.get_mut(&PEER).unwrap().acked = stamp(10));
        assert_eq!(check(&unverified, &lower), Ok(()));
    }

    #[test]
    fn a_mark_that_is_wrong_is_told() {
        for wrong in [
            with(|marks| marks.head = stamp(60)),
            with(|marks| marks.floor = stamp(10)),
            with(|marks| marks.floor_tag = Tag::ZERO),
            with(|marks| marks.head_tag = Tag::ZERO),
            with(|marks| marks.high_water = stamp(40)),
            with(|marks| marks.peers.get_mut(&PEER).unwrap().acked = stamp(60)),
        ] {
            assert!(
                check_true(&Lineage::sample(5, 2), &wrong).is_err(),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_peer_that_no_longer_counts_is_told_unless_somebody_retired_it() {
        let active = BTreeSet::from([PEER]);
        let retired = with(|marks| marks.peers.get_mut(&PEER).unwrap().active = false);
        let solo = with(|marks| marks.solo = true);
        assert_eq!(check_peers(&active, &BTreeSet::new(), &marks()), Ok(()));
        assert_eq!(check_peers(&active, &active, &retired), Ok(()));
        assert!(check_peers(&active, &BTreeSet::new(), &retired).is_err());
        assert!(check_peers(&active, &BTreeSet::new(), &solo).is_err());
    }
}
