//! What a device ever committed, as the oracle keeps it.

use std::collections::BTreeMap;

use sync_log_core::receive::RecordId;
use sync_log_core::{Hlc, Mark, SharedChangeEntry};

use super::release::{Payload, members};

/// An entry, read once.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    pub(crate) id: RecordId,
    pub(crate) entry: SharedChangeEntry,
    pub(crate) members: Payload,
}

/// The own changes of one device, in the order in which its app committed them.
#[derive(Debug, Clone)]
pub(crate) struct History {
    committed: Vec<Committed>,
    marks: BTreeMap<Hlc, Mark>,
    head: Mark,
}

impl Default for History {
    fn default() -> Self {
        Self {
            committed: Vec::new(),
            marks: BTreeMap::new(),
            head: Mark::ZERO,
        }
    }
}

impl History {
    pub(crate) fn push(&mut self, entry: &SharedChangeEntry) {
        self.head = self.head.then(entry);
        self.marks.insert(entry.hlc, self.head);
        let mut members = members(&entry.data);
        // What an app makes of its row has the id, too, which is no content.
        members.remove("id");
        self.committed.push(Committed {
            id: RecordId::of(entry),
            entry: entry.clone(),
            members,
        });
    }

    /// All entries.
    pub(crate) fn all(&self) -> &[Committed] {
        &self.committed
    }

    /// The entries up to a stamp.
    pub(crate) fn up_to(&self, hlc: Hlc) -> &[Committed] {
        let len = self.committed.partition_point(|it| it.entry.hlc <= hlc);
        &self.committed[..len]
    }

    /// The entries above a stamp.
    pub(crate) fn above(&self, hlc: Hlc) -> &[Committed] {
        &self.committed[self.up_to(hlc).len()..]
    }

    /// The newest stamp.
    pub(crate) fn head(&self) -> Hlc {
        self.head.hlc
    }

    /// Whether a reader can be at `mark`: before the first entry, or at the end of a group.
    pub(crate) fn has(&self, mark: Mark) -> bool {
        let last = self.up_to(mark.hlc).last();
        let is_end = last.is_none_or(|last| last.entry.group_end);
        is_end && (mark == Mark::ZERO || self.marks.get(&mark.hlc) == Some(&mark))
    }

    /// The group of an entry.
    pub(crate) fn group_of(&self, hlc: Hlc) -> Vec<Hlc> {
        let groups = self.committed.split_inclusive(|it| it.entry.group_end);
        let stamps = groups.map(|group| group.iter().map(|it| it.entry.hlc).collect::<Vec<_>>());
        let mut of_it = stamps.filter(|group| group.contains(&hlc));
        of_it.next().unwrap_or_default()
    }
}
