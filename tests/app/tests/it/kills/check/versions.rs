//! The versions are those of all own changes, and of those of the other device up to the watermark.

use std::collections::BTreeMap;

use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::{ChangeType, Hlc};

use super::Side;
use crate::kills::expected::{Expected, expected};
use crate::kills::files::FoundVersion;
use crate::kills::violation::{Violations, What};

pub(super) fn check(side: &Side<'_>, violations: &mut Violations<'_>) {
    let found = side.found;
    let watermark = found.marks.watermark;
    let received = side.other_history.entries.range(..=watermark);
    let received = received.filter(|(hlc, _)| !found.waiting.contains(hlc));
    let known = side.history.entries.iter().chain(received);
    let known: BTreeMap<_, _> = known.collect();
    for (id, version) in &found.versions {
        let stamps = version.member_stamps.iter().chain([&version.hlc]);
        for hlc in stamps.filter(|hlc| !known.contains_key(hlc)) {
            let is_above = side.other_history.entries.contains_key(hlc) && *hlc > watermark;
            let what = if is_above {
                What::AboveWatermark
            } else {
                What::VersionWithoutEntry
            };
            let detail = format!("{id} has {hlc}; the watermark is {watermark}");
            violations.add(what, detail);
        }
    }
    for hlc in found.waiting.iter().filter(|hlc| **hlc > watermark) {
        violations.add(What::AboveWatermark, format!("{hlc} waits"));
    }
    for (id, expected) in expected(known) {
        match found.versions.get(&id) {
            Some(version) => {
                let is_same = is_same(version, &expected);
                violations.unless(is_same, What::VersionDiffers, || {
                    format!("{id} is {version:?} and not {expected:?}")
                });
            }
            None => missing(&id, &expected, found.marks.forgotten, violations),
        }
    }
}

/// Only a deleted record may have no version, if it was forgotten.
fn missing(id: &RecordId, expected: &Expected, forgotten: Hlc, violations: &mut Violations<'_>) {
    let is_forgotten = expected.payload().is_none() && expected.hlc <= forgotten;
    violations.unless(is_forgotten, What::VersionMissing, || {
        format!("{id}, {expected:?}")
    });
}

fn is_same(found: &FoundVersion, expected: &Expected) -> bool {
    let is_deleted = found.standing == "deleted";
    let is_highest = found.hlc == expected.hlc
        && found.change_type.parse::<ChangeType>().ok() == Some(expected.change_type)
        && found.data == expected.data;
    match expected.payload() {
        Some(payload) => is_highest && !is_deleted && found.payload() == Some(payload),
        None => is_highest && is_deleted,
    }
}
