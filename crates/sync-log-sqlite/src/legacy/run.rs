//! Writes one device's part of a legacy log to that device's own log.

use std::error::Error;
use std::ops::Deref;

use sync_log_core::{Change, DeviceId, Hlc, LogError, SharedChangeEntry};

use super::ahead::Horizon;
use super::error::ImportError;
use super::log::LegacyLog;
use super::options::ImportOptions;
use super::report::ImportReport;
use super::row::{Place, What};
use super::settled;
use super::snapshot::Snapshot;
use super::stamps::Stamps;
use crate::adopt;
use crate::inspect::Inspector;
use crate::open::OpenError;
use crate::open::SyncDb;

/// Rows that are read, and changes that are committed, at a time.
const BATCH_ROWS: usize = 500;

/// How much payload is read at a time; at most one row more.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Reads the part of one device, in order.
struct Reader<L: Deref<Target = LegacyLog>> {
    legacy: Snapshot<L>,
    device: DeviceId,
    position: Option<Place>,
    stamps: Stamps,
    horizon: Horizon,
    report: ImportReport,
}

impl<L: Deref<Target = LegacyLog>> Reader<L> {
    /// For a log with this head.
    fn new(
        legacy: Snapshot<L>,
        device: DeviceId,
        options: &ImportOptions,
        head: Hlc,
    ) -> Result<Self, ImportError> {
        let mut report = ImportReport {
            rows: legacy.rows()?,
            ..ImportReport::default()
        };
        for _ in 0..legacy.unordered()? {
            report.note_not_taken("sequence is no number", 0);
        }
        Ok(Self {
            legacy,
            device,
            position: None,
            stamps: Stamps::new(device),
            horizon: Horizon::new(options, device, head),
            report,
        })
    }

    /// The changes among the next rows; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<SharedChangeEntry>>, ImportError> {
        let page = self
            .legacy
            .page(self.device, self.position, BATCH_ROWS, BATCH_BYTES)?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.position = Some(last.position);
        let mut batch = Vec::new();
        for row in page {
            let sequence = row.sequence();
            match row.what {
                What::Change(change, ms) => batch.extend(self.stamp(change, ms, sequence)?),
                What::Marker => self.report.markers += 1,
                What::Other(device) => self.report.note_other(device.into()),
                What::Unreadable(reason) => self.report.note_not_taken(reason, sequence),
            }
        }
        Ok(Some(batch))
    }

    /// The change with its stamp, unless it is left out.
    fn stamp(
        &mut self,
        change: Change,
        ms: Option<i64>,
        sequence: i64,
    ) -> Result<Option<SharedChangeEntry>, ImportError> {
        let (hlc, redated) = self.stamps.next(ms);
        let last = self.stamps.last();
        if self.horizon.leaves_out(last, hlc, sequence)? {
            self.report.note_not_taken("too far ahead", sequence);
            return Ok(None);
        }
        self.stamps.take(hlc);
        self.report.redated += u64::from(redated);
        Ok(Some(change.stamped(hlc)))
    }

    /// Where a new log has to begin: at zero only if the import takes every change of the device. Reads the
    /// whole part of the device.
    fn find_begin(mut self) -> Result<(Hlc, Snapshot<L>), ImportError> {
        while self.next()?.is_some() {}
        let is_whole = self.report.markers == 0 && self.report.not_taken.is_empty();
        let begin = if is_whole {
            Hlc::ZERO
        } else {
            adopt::lowest(self.device)
        };
        Ok((begin, self.legacy))
    }

    /// How many rows were read.
    fn done(&self) -> u64 {
        let report = &self.report;
        let not_taken: u64 = report.not_taken.iter().map(|it| it.rows).sum();
        let others = report.others.values().sum::<u64>() + report.more_others;
        report.taken + report.there + report.markers + others + not_taken
    }
}

impl LegacyLog {
    /// Returns what an import for `device` into a new log would take and leave out. Nothing is
    /// written. [`try_import`] does the same for a log that exists.
    ///
    /// # Errors
    /// [`ImportError::TooFarAhead`] if the import would return it; [`ImportError::Read`].
    pub fn plan(
        &self,
        device: DeviceId,
        options: &ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        let mut reader = Reader::new(Snapshot::of(self)?, device, options, Hlc::ZERO)?;
        while let Some(batch) = reader.next()? {
            reader.report.taken += batch.len() as u64;
        }
        Ok(reader.report)
    }
}

/// Imports the changes of `log`'s device from a legacy log into `log`, in the order of the legacy
/// log, and stamped by their own times. `progress` receives how many rows are done, and how many
/// there are.
///
/// If rows of the device are left out, the log begins with a floor: the first read of each peer is refused
/// with [`LogError::Compacted`], so that the peer takes a snapshot, which has what those rows said. The
/// first run decides this.
///
/// The next run picks up where a stopped run ended, and a repeated run changes nothing: each entry
/// of the log is compared before anything is written. A change further ahead of the wall clock than
/// the drift limit stops the import, or is left out: see [`ImportOptions::skip_ahead`].
///
/// # Errors
/// [`ImportError::OfAnotherProgram`] if the log was ever adopted, [`ImportError::LogNotEmpty`] if
/// it was ever pruned, was made beside records, or holds other entries: import into a new log.
/// [`ImportError::TooFarAhead`]: set the clock right, or skip such changes. [`ImportError::Read`]
/// if the legacy log cannot be read. [`ImportError::Log`] if `log` failed.
///
/// # Cancel safety
/// Each batch is written as a whole or not at all. Call the function again to continue.
#[tracing::instrument(level = "debug", name = "sync_log_sqlite.import", skip_all, fields(from = %legacy.path().display()))]
pub async fn import(
    log: &SyncDb,
    legacy: &mut LegacyLog,
    options: &ImportOptions,
    progress: impl FnMut(u64, u64),
) -> Result<ImportReport, ImportError> {
    let device = log.identity().device_id;
    let imported = run(log, legacy, options, progress, Effect::Writes).await;
    match &imported {
        Ok(report) => tracing::info!(
            device_id = %device,
            rows = report.rows,
            taken = report.taken,
            there = report.there,
            "imported"
        ),
        Err(error) => {
            let error: &(dyn Error + 'static) = error;
            tracing::info!(error, "failed to import");
        }
    }
    imported
}

/// Returns the report that [`import`] would return, and writes nothing. The log may even be open
/// only to read.
///
/// # Errors
/// As for [`import`].
pub async fn try_import(
    log: &SyncDb,
    legacy: &mut LegacyLog,
    options: &ImportOptions,
) -> Result<ImportReport, ImportError> {
    run(log, legacy, options, |_, _| {}, Effect::Nothing).await
}

async fn run(
    log: &SyncDb,
    legacy: &mut LegacyLog,
    options: &ImportOptions,
    mut progress: impl FnMut(u64, u64),
    effect: Effect,
) -> Result<ImportReport, ImportError> {
    refuse_adopted(log)?;
    let head = log.head().await?;
    let not_empty = || ImportError::LogNotEmpty { head };
    let device = log.identity().device_id;
    let floor = log.floor().await?;
    if !floor.is_zero() && floor != adopt::lowest(device) {
        return Err(not_empty());
    }
    let mut reader = Reader::new(Snapshot::of(legacy)?, device, options, head)?;
    // A log that is not empty begins where an earlier run began.
    let begin = if head.is_zero() {
        let (begin, same_state) = reader.find_begin()?;
        reader = Reader::new(same_state, device, options, head)?;
        begin
    } else {
        floor
    };
    let mut target = Target {
        log,
        head,
        begin,
        effect,
        is_lifted: false,
    };
    let mut last = begin;
    while let Some(mut batch) = reader.next()? {
        let there = if last < head {
            prefix(log, last, &batch).await?.ok_or_else(not_empty)?
        } else {
            0
        };
        last = batch.last().map_or(last, |entry| entry.hlc);
        batch.drain(..there);
        reader.report.there += there as u64;
        reader.report.taken += batch.len() as u64;
        target.take(batch).await?;
        progress(reader.done(), reader.report.rows);
    }
    if head > last {
        return Err(not_empty());
    }
    target.settle().await?;
    Ok(reader.report)
}

/// What the run does with the changes that it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Writes,
    Nothing,
}

/// The log into which the changes are imported.
struct Target<'a> {
    log: &'a SyncDb,
    /// Its head before the import.
    head: Hlc,
    /// Where it begins.
    begin: Hlc,
    effect: Effect,
    is_lifted: bool,
}

impl Target<'_> {
    async fn take(&mut self, batch: Vec<SharedChangeEntry>) -> Result<(), LogError> {
        if self.effect == Effect::Nothing || batch.is_empty() {
            return Ok(());
        }
        self.lift().await?;
        self.log.append_many(batch).await
    }

    async fn lift(&mut self) -> Result<(), LogError> {
        if !self.is_lifted {
            settled::lift(self.log, self.head, self.begin).await?;
            self.is_lifted = true;
        }
        Ok(())
    }

    /// A log into which nothing was taken begins at its floor, too.
    async fn settle(&mut self) -> Result<(), LogError> {
        if self.effect == Effect::Nothing {
            return Ok(());
        }
        if self.head.is_zero() && !self.begin.is_zero() {
            self.lift().await?;
        }
        settled::settle(self.log).await
    }
}

/// The rows that an adoption put aside are in no batch, and its acks are not of this
/// device's changes.
fn refuse_adopted(log: &SyncDb) -> Result<(), ImportError> {
    let Some(path) = log.path() else {
        return Ok(());
    };
    let adoptions = Inspector::open(path)?.adoptions();
    match adoptions.map_err(|error| OpenError::store(path, error))? {
        adoptions if adoptions.is_empty() => Ok(()),
        _ => Err(ImportError::OfAnotherProgram {
            path: path.to_owned(),
        }),
    }
}

/// How many entries of `batch` the log holds after `place`; `None` if it holds other entries.
async fn prefix(
    log: &SyncDb,
    position: Hlc,
    batch: &[SharedChangeEntry],
) -> Result<Option<usize>, ImportError> {
    if batch.is_empty() {
        return Ok(Some(0));
    }
    let found = log.get_since(Some(position), batch.len()).await?;
    let same = found.len() <= batch.len() && batch.starts_with(&found);
    Ok(same.then_some(found.len()))
}
