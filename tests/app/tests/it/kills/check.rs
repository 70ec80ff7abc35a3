//! The files of both devices against what was reported.

mod rows;
mod stamps;
mod versions;

use super::files::Found;
use super::history::History;
use super::setup::Name;
use super::violation::{Violation, Violations, What};

/// Both devices, as they are known and as they were found.
pub(super) struct Pair<'a> {
    pub(super) histories: &'a [History; 2],
    pub(super) found: &'a [Found; 2],
}

/// One device, and what the other one knows of it.
pub(super) struct Side<'a> {
    history: &'a History,
    found: &'a Found,
    other_history: &'a History,
    other_found: &'a Found,
}

/// Compares the files with what was reported.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut list = Vec::new();
    for (one, name) in Name::BOTH.into_iter().enumerate() {
        let side = Side {
            history: &pair.histories[one],
            found: &pair.found[one],
            other_history: &pair.histories[1 - one],
            other_found: &pair.found[1 - one],
        };
        let mut violations = Violations::of(name, &mut list);
        for fault in &side.found.faults {
            violations.add(What::Damage, fault);
        }
        side.history.compare_contents(side.found, &mut violations);
        stamps::check(&side, &mut violations);
        versions::check(&side, &mut violations);
        rows::check(side.found, &mut violations);
    }
    list
}
