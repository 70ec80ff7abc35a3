//! Which groups are applied now, and which wait (`X2`).

use std::collections::{BTreeMap, BTreeSet};

use hlc::Hlc;
use uuid::Uuid;

use super::facts::{Models, Need};
use super::record::RecordId;
use crate::model::{ChangeType, SharedChangeEntry};

/// The entries that an origin wrote together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) entries: Vec<SharedChangeEntry>,
    /// The records to which the group must refer and that the group does not change itself.
    pub(super) needs: BTreeSet<RecordId>,
}

impl Group {
    /// The stamp of its last entry.
    fn end(&self) -> Hlc {
        self.entries.last().map_or(Hlc::ZERO, |last| last.hlc)
    }
}

/// Splits entries into groups, ordered by the stamps of their last entries. The entries of each device
/// have to be ascending.
pub(super) fn groups(
    entries: impl IntoIterator<Item = SharedChangeEntry>,
    models: &impl Models,
) -> Vec<Group> {
    let mut open: BTreeMap<Uuid, Vec<SharedChangeEntry>> = BTreeMap::new();
    let mut groups = Vec::new();
    for entry in entries {
        let device = entry.hlc.device_id;
        let is_end = entry.group_end;
        open.entry(device).or_default().push(entry);
        if is_end {
            let whole = open.remove(&device).unwrap_or_default();
            groups.push(Group {
                needs: needs(&whole, models),
                entries: whole,
            });
        }
    }
    groups.sort_by_key(Group::end);
    groups
}

/// Removes the groups that can be applied from `waiting`, and returns them in order.
///
/// A group can be applied if a change of every record that it needs was applied earlier, or is in a group
/// that can be applied. A group can also be applied if it ends at or below `past`: the log of every origin
/// was applied up to `past`, so the record that the group needs will never arrive.
pub(super) fn take_ready(
    waiting: &mut Vec<Group>,
    heard: &mut BTreeSet<RecordId>,
    past: Hlc,
) -> Vec<Group> {
    let mut ready = Vec::new();
    loop {
        let is_ready = |group: &Group| group.end() <= past || group.needs.is_subset(heard);
        let (now, later): (Vec<_>, Vec<_>) = waiting.drain(..).partition(is_ready);
        *waiting = later;
        if now.is_empty() {
            return ready;
        }
        let entries = now.iter().flat_map(|group| &group.entries);
        heard.extend(entries.map(RecordId::of));
        ready.extend(now);
    }
}

fn needs(entries: &[SharedChangeEntry], models: &impl Models) -> BTreeSet<RecordId> {
    let mut needs = BTreeSet::new();
    for entry in entries {
        if entry.change_type == ChangeType::Delete {
            continue;
        }
        let references = models.references(&entry.model_type, entry.model_version, &entry.data);
        let needed = references.into_iter();
        let needed = needed.filter(|reference| reference.need != Need::May);
        needs.extend(needed.map(|reference| reference.to));
    }
    for entry in entries {
        needs.remove(&RecordId::of(entry));
    }
    needs
}
