//! Moves what was committed from the `-wal` into the file (`I7`).

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use sync_log_core::{StoreError, StoreFault};

use crate::driver::raw::pragma::TRUNCATE_WAL;
use crate::driver::{Busy, Row, in_place, one};

/// From this size on, the `-wal` is emptied after a commit, even if own reads have to be waited for.
/// SQLite by itself never empties a `-wal` that some reader is always reading.
pub(super) const LARGE: u64 = 8 << 20;

/// Up to this size, the `-wal` is left as it is while nothing is written: to use a file again is
/// cheaper than to make it again.
const SMALL: u64 = 1 << 20;

/// How many commits, and how many content bytes of them, share one look at the size: to look makes the
/// next sync slower.
const COMMITS_PER_LOOK: u32 = 64;
const BYTES_PER_LOOK: usize = 1 << 20;

/// How long the writer waits for reads to end. A read is a page, so own reads end in time.
const PATIENCE: Busy = Busy::of_ms(1_000);

/// The `-wal` of a log, as far as the writer looks after it.
pub(super) struct Wal {
    /// `None` in memory.
    path: Option<PathBuf>,
    /// The size from which on it is emptied next. After an attempt that failed, because another
    /// program reads for a long time, that is more than [`LARGE`].
    next: u64,
    /// Commits since the last look at the size, and their content bytes.
    unseen: (u32, usize),
}

impl Wal {
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        Self {
            path,
            next: LARGE,
            unseen: (0, 0),
        }
    }

    /// Keeps the `-wal` from growing, after a commit of that many content bytes.
    pub(super) fn bound(&mut self, db: &Connection, busy: Busy, committed_bytes: usize) {
        let (commits, bytes) = self.unseen;
        self.unseen = (commits + 1, bytes.saturating_add(committed_bytes));
        if self.unseen.0 < COMMITS_PER_LOOK && self.unseen.1 < BYTES_PER_LOOK {
            return;
        }
        self.unseen = (0, 0);
        let size = self.size();
        if size < self.next {
            return;
        }
        match waiting(db, busy.min(PATIENCE), busy) {
            Ok(()) => self.next = LARGE,
            Err(error) => {
                self.next = size.saturating_add(LARGE);
                tracing::warn!(%error, size, "failed to empty the -wal");
            }
        }
    }

    /// Gives back what a burst of writes left, while nothing is written. Waits for no other program.
    pub(super) fn shrink(&self, db: &Connection, busy: Busy) {
        if self.size() <= SMALL {
            return;
        }
        if let Err(error) = waiting(db, Busy::NOT, busy) {
            tracing::debug!(%error, "left a large -wal");
        }
    }

    fn size(&self) -> u64 {
        let metadata = self.path.as_ref().map(fs::metadata);
        metadata.map_or(0, |found| found.map_or(0, |wal| wal.len()))
    }
}

/// Makes the file whole, before it is closed. A program that reads or writes all the time is waited
/// for, but not for ever.
pub(super) fn make_whole(db: &Connection, busy: Busy) -> Result<(), StoreError> {
    waiting(db, busy.min(Busy::DEFAULT), busy).map_err(|error| {
        StoreError::new(StoreFault::NotWhole, "leave one whole file").with_source(error)
    })
}

/// Empties the `-wal` into the file, and waits at most `limit` for other connections. From then on
/// the connection waits for `busy` again.
fn waiting(db: &Connection, limit: Busy, busy: Busy) -> Result<(), StoreError> {
    let emptied = limit.set(db).and_then(|()| in_place(empty(db)));
    if let Err(error) = busy.set(db) {
        tracing::warn!(%error, "failed to restore the busy timeout");
    }
    emptied
}

/// Whether all is in the file, SQLite says by two counts of pages; both are -1 without a `-wal`.
async fn empty(db: &Connection) -> Result<(), StoreError> {
    let counts = |row: &Row<'_>| Ok((row.integer(1), row.integer(2)));
    let (in_wal, moved) = one(db, &TRUNCATE_WAL, &[], counts).await?;
    if in_wal == moved {
        return Ok(());
    }
    let doing = "empty the -wal, which another connection reads";
    Err(StoreError::new(StoreFault::Locked, doing))
}
