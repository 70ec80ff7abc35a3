//! What writers were told and what readers saw, and how they differ.

use std::collections::BTreeSet;

use sync_log_sqlite::{Hlc, Uuid};

/// An entry: its stamp, and what it is about, so that a stamp with another's
/// content is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    pub(crate) hlc: Hlc,
    pub(crate) record: Uuid,
}

/// How many entries are missing from `got`, or should not be there, or not there.
/// None if it is `expected`, in that order, without a gap.
pub(crate) fn differences(what: &str, expected: &[Told], got: &[Told]) -> usize {
    if got == expected {
        return 0;
    }
    let set = |entries: &[Told]| entries.iter().copied().collect::<BTreeSet<_>>();
    let (wanted, had) = (set(expected), set(got));
    let missing = wanted.difference(&had).count();
    let foreign = had.difference(&wanted).count();
    let descents = got.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    eprintln!("{what}: {missing} missing, {foreign} foreign, {descents} out of order or twice");
    missing + foreign + descents
}
