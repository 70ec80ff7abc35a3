//! One device's part of an old log becomes its log.

use std::ops::Deref;

use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

use super::LegacyLog;
use super::error::ImportError;
use super::report::ImportReport;
use super::row::{Place, What};
use super::stamps::Stamps;
use crate::db::SyncDb;

/// Rows that are read, and changes that are committed, at a time.
const BATCH_ROWS: usize = 500;

/// Payload that is read at a time: a little more, at most one row.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Reads the part of one device, in order.
struct Reader<L> {
    /// Borrowed for itself alone where it is kept over a wait: a connection may go from
    /// thread to thread, and not be shared.
    legacy: L,
    device: Uuid,
    place: Place,
    stamps: Stamps,
    report: ImportReport,
}

impl<L: Deref<Target = LegacyLog>> Reader<L> {
    fn new(legacy: L, device: Uuid) -> Result<Self, ImportError> {
        let mut report = ImportReport {
            rows: legacy.rows()?,
            ..ImportReport::default()
        };
        for _ in 0..legacy.unordered()? {
            report.note_unreadable("sequence is no number", 0);
        }
        Ok(Self {
            legacy,
            device,
            place: Place::START,
            stamps: Stamps::new(device),
            report,
        })
    }

    /// The changes among the next rows; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<SharedChangeEntry>>, ImportError> {
        let page = self
            .legacy
            .page(self.device, self.place, BATCH_ROWS, BATCH_BYTES)?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.place = last.place;
        let mut batch = Vec::new();
        for row in page {
            let sequence = row.sequence();
            match row.what {
                What::Change(change, ms) => {
                    let (hlc, redated) = self.stamps.next(ms);
                    self.report.redated += u64::from(redated);
                    batch.push(change.stamped(hlc));
                }
                What::Marker => self.report.markers += 1,
                What::Other(device) => *self.report.others.entry(device).or_default() += 1,
                What::Unreadable(reason) => self.report.note_unreadable(reason, sequence),
            }
        }
        Ok(Some(batch))
    }

    /// How many rows were read.
    fn done(&self) -> u64 {
        let report = &self.report;
        let unreadable: u64 = report.unreadable.iter().map(|it| it.rows).sum();
        let others: u64 = report.others.values().sum();
        report.taken + report.there + report.markers + others + unreadable
    }
}

pub(super) fn plan(legacy: &LegacyLog, device: Uuid) -> Result<ImportReport, ImportError> {
    let mut reader = Reader::new(legacy, device)?;
    while let Some(batch) = reader.next()? {
        reader.report.taken += batch.len() as u64;
    }
    Ok(reader.report)
}

/// Takes the changes of `log`'s device out of an old log into it, stamped by their
/// times, in the order of the old log. `progress` is told how many of how many rows are
/// done.
///
/// A run that was stopped is gone on with by the next one, and one that is repeated
/// changes nothing: what the log holds is compared, entry by entry, before anything is
/// written. A time that is further ahead of the wall clock than the log's drift limit
/// is refused as in [`append`](sync_log_core::SyncLog::append).
///
/// # Errors
/// [`ImportError::LogNotEmpty`] if the log was ever pruned, or holds anything else;
/// [`ImportError::Read`], [`ImportError::Log`].
///
/// # Cancel safety
/// Each batch is there as a whole or not; call it again to go on.
pub async fn import(
    log: &SyncDb,
    legacy: &mut LegacyLog,
    mut progress: impl FnMut(u64, u64),
) -> Result<ImportReport, ImportError> {
    let (head, floor) = (log.head().await?, log.floor().await?);
    let not_empty = || ImportError::LogNotEmpty { head };
    if !floor.is_zero() {
        return Err(not_empty());
    }
    let mut reader = Reader::new(legacy, log.identity().device_id)?;
    let mut last = Hlc::ZERO;
    loop {
        let Some(mut batch) = reader.next()? else {
            break;
        };
        let there = match last < head {
            true => prefix(log, last, &batch).await?.ok_or_else(not_empty)?,
            false => 0,
        };
        last = batch.last().map_or(last, |entry| entry.hlc);
        batch.drain(..there);
        reader.report.there += there as u64;
        reader.report.taken += batch.len() as u64;
        if !batch.is_empty() {
            log.append_many(batch).await?;
        }
        progress(reader.done(), reader.report.rows);
    }
    match head > last {
        true => Err(not_empty()),
        false => Ok(reader.report),
    }
}

/// How many entries of `batch` the log holds after `place`; `None` if it holds others.
async fn prefix(
    log: &SyncDb,
    place: Hlc,
    batch: &[SharedChangeEntry],
) -> Result<Option<usize>, ImportError> {
    if batch.is_empty() {
        return Ok(Some(0));
    }
    let found = log.get_since(Some(place), batch.len()).await?;
    let same = found.len() <= batch.len() && batch.starts_with(&found);
    Ok(same.then_some(found.len()))
}
