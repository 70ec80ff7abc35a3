//! Whether a cursor is valid in this log (`R2`).

use hlc::Hlc;

use crate::error::LogError;
use crate::model::{Altered, Cursor, LogState, Mark, Page, Proof, ReadLimits, SharedChangeEntry};
use crate::store::ReadView;

/// The limits of one page: those of the request, but no more than a page may hold.
pub(crate) fn checked(limits: ReadLimits) -> Result<ReadLimits, LogError> {
    if limits.max_entries == 0 || limits.max_bytes == 0 {
        return Err(LogError::ZeroLimit);
    }
    let most = ReadLimits::default();
    Ok(ReadLimits {
        max_entries: limits.max_entries.min(most.max_entries),
        max_bytes: limits.max_bytes.min(most.max_bytes),
    })
}

/// Decides whether `cursor` is valid in this log. `before` is the mark of the newest
/// retained entry at or below its HLC. The order of the checks is part of the contract.
pub(crate) fn validate_cursor(
    state: &LogState,
    before: Option<Mark>,
    cursor: Cursor,
) -> Result<(), LogError> {
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
    validate_since(state, cursor.hlc())?;
    match before {
        Some(mark) if mark == cursor.mark() => Ok(()),
        _ => Err(LogError::Diverged {
            requested: cursor.hlc(),
            head: state.head.hlc,
        }),
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

/// The page after a valid cursor, of entries that are proven and end with a group.
pub(crate) fn page(
    state: &LogState,
    after: Cursor,
    entries: Vec<SharedChangeEntry>,
    next: Cursor,
) -> Page {
    Page {
        after,
        more: next.hlc() < state.head.hlc && !entries.is_empty(),
        entries,
        next,
        head: state.head.hlc,
        floor: state.floor.hlc,
    }
}
