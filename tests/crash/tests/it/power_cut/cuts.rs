//! What may be on the disk when the power goes while something is written.

use super::image::{Image, WAL_HEADER, boundaries, page_bytes};
use super::recording::growth;

/// What a disk writes at once.
const SECTOR: usize = 512;

/// Orders in which sectors and pages reach the disk, of each write.
const ORDERS: usize = 4;

/// How many images of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Density {
    /// At every frame, inside each, torn, and out of order.
    Full,
    /// At every frame.
    Boundaries,
    /// Only when all of it is there.
    End,
}

/// Calls `see` with what may be found while the WAL of `before` becomes that of
/// `after`, with the database as in `before`; and with whether it is cut
/// exactly after a frame.
pub(crate) fn while_written(
    before: &Image,
    after: &Image,
    density: Density,
    rng: &mut fastrand::Rng,
    mut see: impl FnMut(Image, bool),
) {
    let written = growth(before, after);
    if written.is_empty() || density == Density::End {
        return;
    }
    let mut cut = |wal: Vec<u8>, is_boundary| {
        let db = before.db.clone();
        see(Image { db, wal }, is_boundary);
    };
    let ends = boundaries(&after.wal);
    let mut from = written.start;
    for to in ends.into_iter().filter(|end| written.contains(&(end - 1))) {
        cut(overwritten(before, after, to), true);
        if density == Density::Full {
            let inside = rng.usize(from..to);
            cut(after.wal[..inside].to_vec(), false);
            cut(overwritten(before, after, inside), false);
            cut(torn(overwritten(before, after, to), inside, to, rng), false);
        }
        from = to;
    }
    for _ in 0..if density == Density::Full { ORDERS } else { 0 } {
        cut(out_of_order(before, after, written.end, rng), false);
    }
}

/// The WAL after `to` bytes were written over that of before.
fn overwritten(before: &Image, after: &Image, to: usize) -> Vec<u8> {
    let mut wal = after.wal[..to].to_vec();
    wal.extend(before.wal.iter().skip(to));
    wal
}

/// Between `from` and `to` there is something else: zeros or garbage.
fn torn(mut wal: Vec<u8>, from: usize, to: usize, rng: &mut fastrand::Rng) -> Vec<u8> {
    if rng.bool() {
        wal[from..to].fill(0);
    } else {
        rng.fill(&mut wal[from..to]);
    }
    wal
}

/// Some sectors of what was written are there, others are not. A header that
/// was written is there: SQLite syncs it before it writes a frame, because under
/// the old one the old frames, which were copied long since, would count again.
fn out_of_order(before: &Image, after: &Image, end: usize, rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut wal = overwritten(before, after, end);
    for start in (0..end).step_by(SECTOR) {
        let sector = start.max(WAL_HEADER)..(start + SECTOR).min(end);
        if rng.bool() {
            continue;
        }
        for at in sector {
            wal[at] = before.wal.get(at).copied().unwrap_or_default();
        }
    }
    wal
}

/// Calls `see` with what may be found while a checkpoint copies a WAL, which is
/// synced, from the database as in `before` to that in `after`.
pub(crate) fn while_checkpointed(
    before: &Image,
    after: &Image,
    rng: &mut fastrand::Rng,
    mut see: impl FnMut(Image),
) {
    let longest = before.db.len().max(after.db.len());
    let page = page_bytes(&after.db);
    for order in 0..=ORDERS {
        let mut db = before.db.clone();
        db.resize(longest, 0);
        for start in (0..after.db.len()).step_by(page) {
            // The last image is that of a checkpoint that was done.
            if order == ORDERS || rng.bool() {
                let page = start..(start + page).min(after.db.len());
                db[page.clone()].copy_from_slice(&after.db[page]);
            }
        }
        let wal = before.wal.clone();
        see(Image { db, wal });
    }
}
