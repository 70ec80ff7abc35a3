//! Whether a reader's place is a place in this log (`R2`).

use hlc::Hlc;

use crate::cursor::Cursor;
use crate::entry::SharedChangeEntry;
use crate::error::LogError;
use crate::proof::{Altered, ChainFault, Proof};
use crate::state::LogState;
use crate::store::ReadView;
use crate::tag::Mark;

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

impl Page {
    /// Compares the entries with the chain from `after`, the cursor that the page was asked
    /// for, to [`next`](Self::next): finds what was lost or changed on the way (`R4`). It
    /// cannot find that the entries and `next` were both made up; for that, take `next` from
    /// the origin itself.
    ///
    /// # Errors
    /// [`Altered`] where the two part. Do not apply the page; read it again.
    pub fn verify(&self, after: Cursor) -> Result<(), Altered> {
        let mut reached = after.mark();
        for entry in &self.entries {
            if entry.hlc <= reached.hlc {
                let (hlc, fault) = (entry.hlc, ChainFault::OutOfOrder);
                return Err(Altered { hlc, fault });
            }
            reached = reached.then(entry);
        }
        if reached == self.next.mark() {
            return Ok(());
        }
        Err(Altered {
            hlc: reached.hlc,
            fault: ChainFault::OtherTag,
        })
    }
}

/// Decides whether `cursor` is a place in this log. `before` is the mark of the newest
/// retained entry at or below its HLC. The order of the checks is part of the contract.
pub(crate) fn validate_cursor(
    state: &LogState,
    before: Option<Mark>,
    cursor: Cursor,
) -> Result<(), LogError> {
    let (requested, floor, head) = (cursor.hlc(), state.floor.hlc, state.head.hlc);
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
    match before {
        Some(mark) if mark == cursor.mark() => Ok(()),
        _ => Err(LogError::Diverged { requested, head }),
    }
}

/// Decides whether the owner may read after `since`: anywhere between floor
/// and head, present or not.
pub(crate) fn validate_since(state: &LogState, since: Hlc) -> Result<(), LogError> {
    let (requested, floor, head) = (since, state.floor.hlc, state.head.hlc);
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

/// Proves the entries of a view, from the mark before them (`R4`): each has its tag, and where
/// nothing is stored above them, they end at the head.
///
/// Entries at or below the floor are refused too: only another program can have written them.
pub(crate) fn prove(view: &ReadView) -> Result<(), Altered> {
    let state = &view.state;
    let is_above = |mark: &Mark| mark.hlc > state.floor.hlc;
    let mut proof = Proof::after(view.before.filter(is_above).unwrap_or(state.floor));
    for found in &view.entries {
        proof.take(&found.entry, found.tag)?;
    }
    if view.reached_end {
        proof.end_at(state.head.hlc)?;
    }
    Ok(())
}

/// The page that a valid cursor gets, of entries that are proven and end with a group.
pub(crate) fn page(state: &LogState, entries: Vec<SharedChangeEntry>, next: Cursor) -> Page {
    Page {
        more: next.hlc() < state.head.hlc && !entries.is_empty(),
        entries,
        next,
        head: state.head.hlc,
        floor: state.floor.hlc,
    }
}
