//! Entries and the stamps that a device keeps.

use std::collections::BTreeMap;

use sync_log_sqlite::Hlc;

use super::Side;
use crate::kills::files::Marks;
use crate::kills::violation::{Violations, What};

pub(super) fn check(side: &Side<'_>, violations: &mut Violations<'_>) {
    entries(side, violations);
    pruned(side, violations);
    marks(side, violations);
}

/// Every change above the floor is in the outbox or in the log.
fn entries(side: &Side<'_>, violations: &mut Violations<'_>) {
    let found = side.found;
    for (hlc, entry) in &side.history.entries {
        let is_there = found.outbox.contains_key(hlc) || found.log.contains_key(hlc);
        let is_pruned = *hlc <= found.marks.floor;
        violations.unless(is_there || is_pruned, What::Lost, || {
            format!("{hlc} {entry:?}")
        });
        if is_there && is_pruned {
            violations.add(What::Mark, format!("{hlc} is below the floor"));
        }
    }
    let without_outbox = found.outbox.keys().filter(|_| !found.has_outbox);
    for hlc in without_outbox {
        violations.add(What::Mark, format!("{hlc} is in an outbox"));
    }
    let Marks { cleared, head, .. } = found.marks;
    for hlc in found.outbox.keys() {
        violations.unless(*hlc > cleared, What::Mark, || {
            format!("{hlc} is in the outbox, and is cleared")
        });
        let is_passed_by = *hlc <= head && !found.log.contains_key(hlc);
        violations.unless(!is_passed_by, What::Mark, || {
            format!("{hlc} is in the outbox, and the log is past it")
        });
    }
}

/// What was pruned was acknowledged, and what was acknowledged is on the other device.
fn pruned(side: &Side<'_>, violations: &mut Violations<'_>) {
    let Marks { floor, acked, .. } = side.found.marks;
    let applied = side.other_found.marks.watermark;
    let is_sound = floor <= acked && acked <= applied;
    violations.unless(is_sound, What::PrunedTooEarly, || {
        format!("pruned up to {floor}, acknowledged up to {acked}, applied up to {applied}")
    });
}

fn marks(side: &Side<'_>, violations: &mut Violations<'_>) {
    let Side { history, found, .. } = side;
    let marks = &found.marks;
    let highest = last(&history.entries);
    let top_of_log = last(&found.log);
    let never_above = [
        (
            "reported and stored watermark",
            history.watermark,
            marks.watermark,
        ),
        ("reported and stored ack", history.acked, marks.acked),
        ("reported and stored floor", history.floor, marks.floor),
        ("highest change and issued", highest, marks.issued),
        ("issued and highest change", marks.issued, highest),
        ("watermark and observed", marks.watermark, marks.observed),
        ("cleared and head", marks.cleared, marks.head),
        ("forgotten and watermark", marks.forgotten, marks.watermark),
        (
            "head and highest entry",
            marks.head,
            top_of_log.max(marks.floor),
        ),
        ("highest entry and head", top_of_log, marks.head),
    ];
    for (names, low, high) in never_above {
        violations.unless(low <= high, What::Mark, || {
            format!("{names}: {low} is above {high}")
        });
    }
    let unversioned = marks.unversioned;
    violations.unless(unversioned.is_zero(), What::VersionMissing, || {
        format!("changes up to {unversioned} have no versions")
    });
}

fn last<T>(by_stamp: &BTreeMap<Hlc, T>) -> Hlc {
    let last = by_stamp.keys().next_back();
    last.copied().unwrap_or(Hlc::ZERO)
}
