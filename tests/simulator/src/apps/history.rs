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

impl Committed {
    fn new(entry: &SharedChangeEntry) -> Self {
        let mut members = members(&entry.data);
        // What an app makes of its row has the id, too, which is no content.
        members.remove("id");
        Self {
            id: RecordId::of(entry),
            entry: entry.clone(),
            members,
        }
    }
}

/// The own changes of one device, in the order in which its app committed them.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// What its log does not have: another device gets it with a snapshot.
    past: Vec<Committed>,
    /// Where its log begins.
    start: Mark,
    committed: Vec<Committed>,
    marks: BTreeMap<Hlc, Mark>,
    head: Mark,
}

impl Default for History {
    fn default() -> Self {
        Self::after(Mark::ZERO, &[])
    }
}

impl History {
    /// That of a device whose log begins at `start`, because it does not have `past`.
    pub(crate) fn after(start: Mark, past: &[SharedChangeEntry]) -> Self {
        Self {
            past: past.iter().map(Committed::new).collect(),
            start,
            committed: Vec::new(),
            marks: BTreeMap::from([(start.hlc, start)]),
            head: start,
        }
    }

    pub(crate) fn push(&mut self, entry: &SharedChangeEntry) {
        self.head = self.head.then(entry);
        self.marks.insert(entry.hlc, self.head);
        self.committed.push(Committed::new(entry));
    }

    /// Where its log begins.
    pub(crate) fn start(&self) -> Hlc {
        self.start.hlc
    }

    /// What a device has of the time before the log began that has the log up to a stamp.
    pub(crate) fn past_at(&self, hlc: Hlc) -> &[Committed] {
        if hlc < self.start.hlc {
            return &[];
        }
        &self.past
    }

    /// Forgets the entries above a stamp, which the device has lost.
    pub(crate) fn lose_above(&mut self, hlc: Hlc) {
        self.committed.truncate(self.up_to(hlc).len());
        self.marks.retain(|stamp, _| *stamp <= hlc);
        let last = self.marks.last_key_value();
        self.head = last.map_or(self.start, |(_, mark)| *mark);
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
    pub(crate) fn group_of(&self, hlc: Hlc) -> &[Committed] {
        let mut groups = self.committed.split_inclusive(|it| it.entry.group_end);
        let of_it = groups.find(|group| group.iter().any(|it| it.entry.hlc == hlc));
        of_it.unwrap_or_default()
    }
}
