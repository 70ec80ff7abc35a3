//! A log as its pages show it.

use sync_log_core::{Cursor, Hlc, Mark, Page, SharedChangeEntry, Uuid};

/// The log of one device.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) log_id: Uuid,
    pub(crate) entries: Vec<SharedChangeEntry>,
    /// The cursor before the first entry and after each.
    pub(crate) cursors: Vec<Cursor>,
}

impl Log {
    pub(crate) fn of(entries: Vec<SharedChangeEntry>, log_id: Uuid) -> Self {
        let mut mark = Mark::ZERO;
        let mut cursors = vec![Cursor::ZERO];
        for entry in &entries {
            mark = mark.then(entry);
            cursors.push(Cursor::new(log_id, mark.hlc, mark.tag).unwrap());
        }
        Self {
            log_id,
            entries,
            cursors,
        }
    }

    /// The entries after `from` up to `to`, as a page.
    pub(crate) fn page(&self, from: usize, to: usize) -> Page {
        Page {
            after: self.cursors[from],
            entries: self.entries[from..to].to_vec(),
            next: self.cursors[to],
            head: self.entries.last().map_or(Hlc::ZERO, |entry| entry.hlc),
            floor: Hlc::ZERO,
            more: to < self.entries.len(),
        }
    }

    /// Where groups end, and the start.
    pub(crate) fn ends(&self) -> Vec<usize> {
        let ends = self.entries.iter().enumerate();
        let ends = ends.filter(|(_, entry)| entry.group_end);
        [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect()
    }
}
