//! A page, which is what a peer reads, and how large it may be.

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use super::entry::SharedChangeEntry;
use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};

/// One page of a log, all of one committed state. [`arrival`](crate::receive::arrival) says what a
/// receiver has to apply of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The cursor of the request: the page begins after it.
    pub after: Cursor,
    /// The entries after the cursor, ascending, without a gap.
    pub entries: Vec<SharedChangeEntry>,
    /// The position of the reader once it has applied the entries: acknowledge this cursor, and
    /// read from it next. If the page is empty, it is [`after`](Self::after).
    pub next: Cursor,
    /// Highest HLC ever committed.
    pub head: Hlc,
    /// Highest HLC ever pruned.
    pub floor: Hlc,
    /// Whether there are entries after this page.
    pub more: bool,
}

/// How much of the log one page may hold.
///
/// Values above [`MAX_PAGE_ENTRIES`](crate::MAX_PAGE_ENTRIES) and
/// [`MAX_PAGE_BYTES`](crate::MAX_PAGE_BYTES) count as these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadLimits {
    /// Most entries; 0 is a usage error.
    pub max_entries: usize,
    /// Most content bytes; even so, a page holds at least one entry. 0 is a usage error.
    pub max_bytes: usize,
}

impl Default for ReadLimits {
    /// As much as a page may hold.
    fn default() -> Self {
        Self {
            max_entries: MAX_PAGE_ENTRIES,
            max_bytes: MAX_PAGE_BYTES,
        }
    }
}

impl ReadLimits {
    /// At most this many entries.
    #[must_use]
    pub fn entries(max_entries: usize) -> Self {
        Self {
            max_entries,
            ..Self::default()
        }
    }
}
