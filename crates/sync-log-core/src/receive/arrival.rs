//! What a page holds for a receiver that has part of the origin's log (`X0`, `X1`).

use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::{Altered, ChainFault, Cursor, DeviceId, Mark, Page, SharedChangeEntry, judge};

use super::error::ReceiveError;

/// What a page holds for a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// The entries that the receiver lacks, ascending and in whole groups. The slice is empty if the
    /// receiver has everything in the page.
    pub entries: &'a [SharedChangeEntry],
    /// The receiver's watermark once it has applied the entries. Commit the watermark together with the
    /// entries, and acknowledge the watermark after the commit. Acknowledge it even if there was nothing to
    /// apply: the origin may have missed an earlier ack.
    pub watermark: Cursor,
}

/// Decides what `page` holds for a receiver that has applied the log of `origin` up to `watermark`.
/// A receiver without anything of that log passes [`Cursor::ZERO`]. Pages may arrive twice and in any
/// order, and may overlap with what the receiver has.
///
/// `origin` is the device that the transport authenticated. The chain of tags is followed from
/// [`Page::after`] to [`Page::next`], and has to pass through the watermark. So an entry that was
/// lost or changed on the way is found, and so is a log that was restored from a backup.
///
/// ```
/// use sync_log_core::receive::{ReceiveError, arrival};
/// use sync_log_core::{Cursor, DeviceId, Page, SharedChangeEntry};
///
/// /// What the app's database holds of one origin.
/// struct Received {
///     records: Vec<SharedChangeEntry>,
///     watermark: Cursor,
/// }
///
/// /// Applies a page in one transaction, and returns the cursor to acknowledge after the commit.
/// fn apply(to: &mut Received, origin: DeviceId, page: &Page) -> Result<Cursor, ReceiveError> {
///     let arrived = arrival(origin, to.watermark, page)?;
///     to.records.extend_from_slice(arrived.entries);
///     to.watermark = arrived.watermark;
///     Ok(to.watermark)
/// }
/// ```
///
/// # Errors
/// Nothing of the page may be applied. In this order: [`ReceiveError::PageTooLarge`],
/// [`ReceiveError::BadEntry`]: the peer's program is faulty. [`ReceiveError::Altered`]: read again.
/// [`ReceiveError::OtherLog`]: take a snapshot. [`ReceiveError::OutOfOrder`]: read from the
/// watermark. [`ReceiveError::Diverged`]: a file was restored or cloned.
pub fn arrival(
    origin: DeviceId,
    watermark: Cursor,
    page: &Page,
) -> Result<Arrival<'_>, ReceiveError> {
    refuse_too_large(origin, page)?;
    refuse_bad_entries(origin, page)?;
    let passed = follow(page, watermark.mark())
        .map_err(|altered| ReceiveError::Altered { origin, altered })?;
    refuse_other_log(origin, watermark, page)?;
    if page.after.hlc() > watermark.hlc() {
        return Err(ReceiveError::OutOfOrder {
            origin,
            after: page.after.hlc(),
            expected: watermark,
        });
    }
    if page.next.hlc() < watermark.hlc() {
        return Ok(Arrival {
            entries: &[],
            watermark,
        });
    }
    let passed = passed.ok_or(ReceiveError::Diverged { origin, watermark })?;
    Ok(Arrival {
        entries: &page.entries[passed..],
        watermark: page.next,
    })
}

fn refuse_too_large(origin: DeviceId, page: &Page) -> Result<(), ReceiveError> {
    let entries = page.entries.len();
    let sizes = page.entries.iter().map(SharedChangeEntry::content_bytes);
    let bytes = sizes.sum();
    if entries > MAX_PAGE_ENTRIES || bytes > MAX_PAGE_BYTES {
        return Err(ReceiveError::PageTooLarge {
            origin,
            entries,
            bytes,
        });
    }
    Ok(())
}

fn refuse_bad_entries(origin: DeviceId, page: &Page) -> Result<(), ReceiveError> {
    page.entries.iter().try_for_each(|entry| {
        let hlc = entry.hlc;
        judge::of_log(entry, origin).map_err(|fault| ReceiveError::BadEntry { origin, hlc, fault })
    })
}

fn refuse_other_log(origin: DeviceId, watermark: Cursor, page: &Page) -> Result<(), ReceiveError> {
    let log_id = page.next.log_id();
    let is_known = watermark.is_zero() || page.next.is_zero() || log_id == watermark.log_id();
    if is_known {
        return Ok(());
    }
    Err(ReceiveError::OtherLog {
        origin,
        log_id,
        watermark,
    })
}

/// Follows the chain from the start of a page to its end. Returns how many entries lead up to
/// `mark`, if the chain passes through it.
fn follow(page: &Page, mark: Mark) -> Result<Option<usize>, Altered> {
    let broken = |hlc, fault| Err(Altered { hlc, fault });
    if !page.after.is_zero() && page.after.log_id() != page.next.log_id() {
        return broken(page.after.hlc(), ChainFault::OtherTag);
    }
    let mut reached = page.after.mark();
    let mut passed = (reached == mark).then_some(0);
    for (position, entry) in page.entries.iter().enumerate() {
        if entry.hlc <= reached.hlc {
            return broken(entry.hlc, ChainFault::OutOfOrder);
        }
        reached = reached.then(entry);
        if reached == mark {
            passed = Some(position + 1);
        }
    }
    if reached != page.next.mark() {
        return broken(reached.hlc, ChainFault::OtherTag);
    }
    let ends_whole = page.entries.last().is_none_or(|last| last.group_end);
    if !ends_whole {
        return broken(reached.hlc, ChainFault::OpenGroup);
    }
    Ok(passed)
}
