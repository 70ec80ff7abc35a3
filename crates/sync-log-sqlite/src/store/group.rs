//! Counts a group, which has to fit a page (`R1`).

use sync_log_core::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, SharedChangeEntry};

/// The entries of one group, counted.
#[derive(Default)]
pub(crate) struct Group {
    entries: usize,
    bytes: usize,
}

impl Group {
    /// Whether a page can hold the group with `entry` added to it.
    pub(crate) fn has_room_for(&self, entry: &SharedChangeEntry) -> bool {
        let bytes = self.bytes.saturating_add(entry.content_bytes());
        self.entries < MAX_PAGE_ENTRIES && bytes <= MAX_PAGE_BYTES
    }

    pub(crate) fn add(&mut self, entry: &SharedChangeEntry) {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(entry.content_bytes());
    }
}
