//! Nothing is pruned that an active peer lacks, without an active peer nothing but in a
//! solo library, and in an adopted log nothing before its peers are declared (`I3`, `K1`,
//! `K2`, `K6`, `P1`, `P2`, `P4`).

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::{SharedChangeEntry, Uuid};

use super::Violation;
use crate::change::number;
use crate::storage::Marks;

const NAME: &str = "nothing_pruned_early";

/// Whether each of `deleted` was durably applied by each of `active`, as far as
/// the log may rely on it.
pub fn check(
    deleted: &[SharedChangeEntry],
    active: &BTreeSet<Uuid>,
    applied: &BTreeMap<Uuid, BTreeSet<u64>>,
    marks: &Marks,
) -> Result<(), Violation> {
    let Some(first) = deleted.first() else {
        return Ok(());
    };
    if !marks.declared {
        let what = format!("{} was pruned before the peers were declared", first.hlc);
        return Err(Violation::new(NAME, what));
    }
    if active.is_empty() && !marks.solo {
        let what = format!("{} was pruned though there is no peer", first.hlc);
        return Err(Violation::new(NAME, what));
    }
    for peer in active {
        let has = applied.get(peer);
        let lacks = |entry: &&SharedChangeEntry| !has.is_some_and(|h| h.contains(&number(entry)));
        if let Some(entry) = deleted.iter().find(lacks) {
            let what = format!("{} was pruned though peer {peer} lacks it", entry.hlc);
            return Err(Violation::new(NAME, what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{PEER, entry};
    use super::*;

    fn checked(active: &[Uuid], applied: &[u64], solo: bool) -> Result<(), Violation> {
        let marks = Marks {
            solo,
            ..Marks::zero()
        };
        checked_at(active, applied, &marks)
    }

    fn checked_at(active: &[Uuid], applied: &[u64], marks: &Marks) -> Result<(), Violation> {
        let deleted = [entry(10, 1), entry(20, 2)];
        let applied = BTreeMap::from([(PEER, applied.iter().copied().collect())]);
        check(&deleted, &active.iter().copied().collect(), &applied, marks)
    }

    #[test]
    fn what_every_active_peer_has_may_go() {
        assert_eq!(checked(&[PEER], &[1, 2, 3], false), Ok(()));
    }

    #[test]
    fn what_one_active_peer_lacks_may_not() {
        assert!(checked(&[PEER], &[1], false).is_err());
        assert!(checked(&[PEER], &[1], true).is_err());
        assert!(checked(&[PEER, Uuid::from_u128(1)], &[1, 2], false).is_err());
    }

    #[test]
    fn before_the_peers_are_declared_nothing_may() {
        let undeclared = Marks {
            declared: false,
            ..Marks::zero()
        };
        assert!(checked_at(&[PEER], &[1, 2, 3], &undeclared).is_err());
    }

    #[test]
    fn without_a_peer_only_a_solo_library_prunes() {
        assert!(checked(&[], &[], false).is_err());
        assert_eq!(checked(&[], &[], true), Ok(()));
    }
}
