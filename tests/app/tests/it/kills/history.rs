//! What one device has committed, as far as it was reported or found.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_log_sqlite::{Change, ChangeType, Hlc, Uuid};

use super::files::{Entry, Found};
use super::line::Line;
use super::violation::{Violations, What};

/// What one device has committed, and how far it has come.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// Every change that was reported, or found after a kill.
    pub(super) entries: BTreeMap<Hlc, Entry>,
    /// Groups that the running child announced, in the order of the announcements.
    groups: Vec<Group>,
    /// The highest stamp before the running child.
    base: Hlc,
    /// At least up to here the log of the other device was applied.
    pub(super) watermark: Hlc,
    /// At least up to here the log took acks.
    pub(super) acked: Hlc,
    /// At least up to here the log was pruned.
    pub(super) floor: Hlc,
}

#[derive(Debug, Clone)]
struct Group {
    number: u32,
    changes: Vec<Change>,
    /// The stamps, if the commit was reported.
    stamps: Option<Vec<Hlc>>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            groups: Vec::new(),
            base: Hlc::ZERO,
            watermark: Hlc::ZERO,
            acked: Hlc::ZERO,
            floor: Hlc::ZERO,
        }
    }
}

impl History {
    /// Takes a line that is about this device.
    pub(super) fn hear(&mut self, line: Line) {
        match line {
            Line::Begin { .. } => {}
            Line::Will { group, changes, .. } => self.groups.push(Group {
                number: group,
                changes,
                stamps: None,
            }),
            Line::Did { group, stamps, .. } => {
                let mut groups = self.groups.iter_mut();
                let group = groups.find(|it| it.number == group);
                group.expect("it was announced").stamps = Some(stamps);
            }
            Line::Refused { group, .. } => self.groups.retain(|it| it.number != group),
            Line::Applied { watermark, .. } => self.watermark = self.watermark.max(watermark),
            Line::Acknowledged { up_to, .. } => self.acked = self.acked.max(up_to),
            Line::Pruned { floor, .. } => self.floor = self.floor.max(floor),
        }
    }

    /// The child was killed, and this is what it left. What was reported is taken as committed; what was
    /// announced is, if it is there.
    pub(super) fn settle(&mut self, found: &Found, violations: &mut Violations<'_>) {
        let groups = std::mem::take(&mut self.groups);
        let (reported, open): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.stamps.is_some());
        // Groups were announced under the write lock, so in the order of their stamps.
        let mut last = self.base;
        for group in reported {
            let stamps = group.stamps.expect("it was reported");
            let changes = group.changes;
            violations.unless(stamps.len() == changes.len(), What::TornGroup, || {
                format!("{stamps:?} for {changes:?}")
            });
            let end = stamps.last().copied();
            for (hlc, change) in stamps.into_iter().zip(changes) {
                violations.unless(hlc > last, What::StampNotAbove, || {
                    format!("{hlc} <= {last}")
                });
                last = last.max(hlc);
                let group_end = Some(hlc) == end;
                self.add(hlc, Entry { change, group_end }, violations);
            }
        }
        self.settle_open(
            open.into_iter().map(|group| group.changes),
            found,
            violations,
        );
        self.base = self
            .entries
            .keys()
            .next_back()
            .copied()
            .unwrap_or(Hlc::ZERO);
    }

    /// Takes what is in the files and was not reported.
    fn settle_open(
        &mut self,
        open: impl Iterator<Item = Vec<Change>>,
        found: &Found,
        violations: &mut Violations<'_>,
    ) {
        let mut open: Vec<_> = open.collect();
        let present: BTreeMap<_, _> = found.log.iter().chain(&found.outbox).collect();
        let unknown = present
            .into_iter()
            .filter(|(hlc, _)| !self.entries.contains_key(hlc));
        let unknown: Vec<_> = unknown.collect();
        for group in unknown.split_inclusive(|(_, entry)| entry.group_end) {
            let changes: Vec<_> = group
                .iter()
                .map(|(_, entry)| entry.change.clone())
                .collect();
            let is_whole = group.last().is_some_and(|(_, entry)| entry.group_end);
            let announced = open
                .iter()
                .position(|announced| are_same(announced, &changes));
            match announced.filter(|_| is_whole) {
                Some(announced) => drop(open.swap_remove(announced)),
                None if open
                    .iter()
                    .flatten()
                    .any(|one| has_record_of(&changes, one)) =>
                {
                    violations.add(What::TornGroup, format!("{changes:?} of {open:?}"));
                }
                None => violations.add(What::UnknownEntry, format!("{changes:?}")),
            }
            for (hlc, entry) in group {
                let base = self.base;
                violations.unless(**hlc > base, What::StampNotAbove, || {
                    format!("{hlc} <= {base}")
                });
                self.add(**hlc, (*entry).clone(), violations);
            }
        }
    }

    fn add(&mut self, hlc: Hlc, entry: Entry, violations: &mut Violations<'_>) {
        if let Some(other) = self.entries.insert(hlc, entry.clone()) {
            let both = format!("{hlc} is {entry:?} and {other:?}");
            violations.add(What::OtherContent, both);
        }
    }

    /// What is in the files has the content that was reported, and its groups.
    pub(super) fn compare_contents(&self, found: &Found, violations: &mut Violations<'_>) {
        for (hlc, entry) in found.outbox.iter().chain(&found.log) {
            let Some(known) = self.entries.get(hlc) else {
                continue;
            };
            let both = || format!("{hlc} is {entry:?} and was {known:?}");
            let is_same = content(&known.change) == content(&entry.change);
            violations.unless(is_same, What::OtherContent, both);
            violations.unless(known.group_end == entry.group_end, What::TornGroup, both);
        }
    }
}

fn has_record_of(changes: &[Change], one: &Change) -> bool {
    let mut changes = changes.iter();
    changes.any(|change| change.record_uuid == one.record_uuid)
}

/// Whether changes are equal but for the order of members in their payloads.
fn are_same(some: &[Change], others: &[Change]) -> bool {
    some.iter().map(content).eq(others.iter().map(content))
}

fn content(change: &Change) -> (&str, Uuid, ChangeType, u32, Value) {
    (
        &change.model_type,
        change.record_uuid,
        change.change_type,
        change.model_version,
        change.data.parse_as().unwrap(),
    )
}
