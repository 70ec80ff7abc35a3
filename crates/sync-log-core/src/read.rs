//! Whether a reader's place is a place in this log (`R2`).

use hlc::Hlc;

use crate::cursor::Cursor;
use crate::entry::SharedChangeEntry;
use crate::error::LogError;
use crate::state::LogState;
use crate::store::ReadView;
use crate::tag::Tag;

/// How much of the log one page may hold.
///
/// Larger values than [`MAX_PAGE_ENTRIES`](crate::MAX_PAGE_ENTRIES) and
/// [`MAX_PAGE_BYTES`](crate::MAX_PAGE_BYTES) are taken as those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadLimits {
    /// Most entries; 0 is a usage error.
    pub max_entries: usize,
    /// Most content bytes; a page holds at least one entry all the same. 0 is a
    /// usage error.
    pub max_bytes: usize,
}

impl Default for ReadLimits {
    /// As much as a page may hold.
    fn default() -> Self {
        Self {
            max_entries: crate::MAX_PAGE_ENTRIES,
            max_bytes: crate::MAX_PAGE_BYTES,
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

    pub(crate) fn checked(self) -> Result<Self, LogError> {
        if self.max_entries == 0 || self.max_bytes == 0 {
            return Err(LogError::ZeroLimit);
        }
        let most = Self::default();
        Ok(Self {
            max_entries: self.max_entries.min(most.max_entries),
            max_bytes: self.max_bytes.min(most.max_bytes),
        })
    }
}

/// One page of a log, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries after the cursor, ascending, without a gap.
    pub entries: Vec<SharedChangeEntry>,
    /// Where the reader is after applying them: read from here next, and
    /// acknowledge it. The cursor that was given, if the page is empty.
    pub next: Cursor,
    /// Highest HLC ever committed.
    pub head: Hlc,
    /// Highest HLC ever pruned.
    pub floor: Hlc,
    /// Whether there are entries after this page.
    pub more: bool,
}

/// Decides whether `cursor` is a place in this log. `at` is the retained entry
/// at its HLC. The order of the checks is part of the contract.
pub(crate) fn validate_cursor(
    state: &LogState,
    at: Option<&SharedChangeEntry>,
    cursor: Cursor,
) -> Result<(), LogError> {
    let (requested, floor, head) = (cursor.hlc(), state.floor.hlc, state.head);
    let log_id = state.identity.log_id;
    if cursor == state.floor_cursor() {
        return Ok(());
    }
    if !cursor.is_zero() && cursor.log_id() != log_id {
        return Err(LogError::OtherLog {
            requested: cursor.log_id(),
            log_id,
        });
    }
    if requested < floor {
        return Err(LogError::Compacted {
            requested,
            floor,
            head,
        });
    }
    if requested > head {
        return Err(LogError::AheadOfHead { requested, head });
    }
    match at {
        Some(entry) if Tag::of(entry) == cursor.tag() => Ok(()),
        _ => Err(LogError::Diverged { requested, head }),
    }
}

/// Decides whether the owner may read after `since`: anywhere between floor
/// and head, present or not.
pub(crate) fn validate_since(state: &LogState, since: Hlc) -> Result<(), LogError> {
    let (requested, floor, head) = (since, state.floor.hlc, state.head);
    if requested < floor {
        return Err(LogError::Compacted {
            requested,
            floor,
            head,
        });
    }
    if requested > head {
        return Err(LogError::AheadOfHead { requested, head });
    }
    Ok(())
}

/// Refuses a view that lacks the newest entry: a reader who went on would slip
/// past a hole.
pub(crate) fn refuse_hole(view: &ReadView, after: Hlc) -> Result<(), LogError> {
    let head = view.state.head;
    let nothing_left = after.max(view.state.floor.hlc) >= head;
    if view.entries.is_empty() && !nothing_left {
        return Err(LogError::NewestMissing { after, head });
    }
    Ok(())
}

/// The page that a valid cursor gets.
pub(crate) fn page(view: ReadView, cursor: Cursor) -> Page {
    let state = view.state;
    let next = view.entries.last().map_or(cursor, |last| {
        Cursor::at(state.identity.log_id, last.hlc, Tag::of(last))
    });
    Page {
        more: next.hlc() < state.head && !view.entries.is_empty(),
        entries: view.entries,
        next,
        head: state.head,
        floor: state.floor.hlc,
    }
}
