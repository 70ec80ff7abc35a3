//! Compares records with a log in a file of its own, before either of them is used (`W4`).

use std::path::Path;

use sync_log_core::receive::merge;
use sync_log_core::{Hlc, MAX_PAGE_ENTRIES, Status, take_over};

use super::device::Device;
use super::opening::Opening;
use super::queue::OUTBOX;
use super::renew::{hides_a_gap, put_on_record};
use super::store::Records;
use super::sync_error::SyncError;
use super::upgrade::upgrade;
use crate::adopt::lowest;
use crate::driver::AppTransaction;
use crate::driver::durable::sync_everything;
use crate::open::{FILE_NAME, SyncDb, SyncDbOptions};

/// An opening of records whose log is in a file of its own.
pub(super) struct Compared<'a> {
    opening: &'a Opening<'a>,
    txn: &'a AppTransaction,
    options: SyncDbOptions,
    data_dir: &'a Path,
    has_log: bool,
    /// Whether rows have got versions whose contents the log lacks.
    lacks_rows: bool,
}

impl<'a> Compared<'a> {
    /// Opens the log, in a transaction that has the write lock of the app's database. Returns the highest
    /// stamp that was given out or received, and the log.
    ///
    /// The log notes that records share it only after the commit. Otherwise an opening that is killed in between
    /// would leave a log with that note and no records, which looks as if the app's database had been lost.
    pub(super) async fn open(
        opening: &'a Opening<'a>,
        options: &SyncDbOptions,
        data_dir: &'a Path,
    ) -> Result<(Hlc, SyncDb), SyncError> {
        let txn = AppTransaction::of_records(opening.db).await?;
        let opened = Self::in_transaction(opening, &txn, options, data_dir).await;
        let log = txn.end_with(opened).await?;
        // The log relies on this commit, and what an earlier run committed with other settings is drained next:
        // a power cut must not take back either of them.
        sync_everything(opening.db, opening.settings).await?;
        log.run(take_over(Vec::new(), opening.now_ms)).await?;
        let second = AppTransaction::of_records(opening.db).await?;
        let mark = catch_up_again(opening, &second, &log).await;
        Ok((second.end_with(mark).await?, log))
    }

    /// If the process is killed before the transaction is committed, the next opening finds the rows without
    /// versions, and gives the log a new id again.
    async fn in_transaction(
        opening: &'a Opening<'a>,
        txn: &AppTransaction,
        options: &SyncDbOptions,
        data_dir: &'a Path,
    ) -> Result<SyncDb, SyncError> {
        let mut found = opening.look(txn, true).await?;
        // Before the log is opened, because a refusal changes nothing (`I8`).
        let lacks_rows = upgrade(txn, opening, &mut found.device).await?;
        let comparing = Compared {
            opening,
            txn,
            options: options.clone().born(found.birth(lacks_rows)),
            data_dir,
            has_log: data_dir.join(FILE_NAME).exists(),
            lacks_rows,
        };
        let (log, had_records) = comparing.log(&mut found.device).await?;
        if found.is_first && lacks_rows && !had_records {
            // The rows have what was pruned from the log. If records had shared the log before, the app's
            // database was lost, and these are other rows.
            found.device.unversioned = Hlc::ZERO;
        }
        if lacks_rows {
            let device = &mut found.device;
            device.observed = device.observed.max(opening.above_baseline());
        }
        found.write(txn).await?;
        Ok(log)
    }

    /// Returns the log, and whether records had shared it before.
    async fn log(&self, device: &mut Device) -> Result<(SyncDb, bool), SyncError> {
        let mut log = self.open_log().await?;
        let had_records = log.state().await?.with_records;
        let mut is_new = !self.has_log && !log.floor().await?.is_zero();
        if hides_a_gap(&log, device.cleared).await? {
            tracing::warn!("the log was restored from a backup: it gets a new id");
            log = self.renewed(log, device.cleared, device).await?;
            is_new = true;
        }
        catch_up(self.opening, self.txn, &log, device).await?;
        if self.lacks_rows && !is_new {
            let head = log.head().await?;
            log = self.renewed(log, head, device).await?;
        }
        Ok((log, had_records))
    }

    async fn open_log(&self) -> Result<SyncDb, SyncError> {
        let own = self.opening.own;
        let options = self.options.clone();
        let opened = options.open(own.library_id, own.device_id, self.data_dir);
        Ok(opened.await?)
    }

    /// Gives the log a new id and a floor, so that each peer takes a snapshot: the log lacks what the
    /// records have.
    async fn renewed(
        &self,
        log: SyncDb,
        at: Hlc,
        device: &mut Device,
    ) -> Result<SyncDb, SyncError> {
        put_on_record(&log, at).await?;
        log.close().await?;
        let renewed = self.open_log().await?;
        let Status { head, floor, .. } = renewed.status().await?;
        // The new floor is no sign of changes that the records lack.
        device.issued = device.issued.max(floor);
        // If this log is lost, a log that takes its place begins with a floor, even if no entry has ever
        // left the outbox.
        device.cleared = device.cleared.max(head);
        Ok(renewed)
    }
}

/// Merges what another program has recorded since the records were compared with the log. Returns the highest
/// stamp that was given out or received.
async fn catch_up_again(
    opening: &Opening<'_>,
    txn: &AppTransaction,
    log: &SyncDb,
) -> Result<Hlc, SyncError> {
    let mut found = opening.look(txn, true).await?;
    let before = found.device.clone();
    catch_up(opening, txn, log, &mut found.device).await?;
    if found.device != before {
        found.write(txn).await?;
    }
    Ok(found.device.issued.max(found.device.observed))
}

/// Merges the own changes that the log has and the records do not know: the app's database was restored
/// from a backup, or the changes were made before the records were shared.
async fn catch_up(
    opening: &Opening<'_>,
    txn: &AppTransaction,
    log: &SyncDb,
    device: &mut Device,
) -> Result<(), SyncError> {
    // A log knows stamps that the records do not: the one at which it was settled is above the floor of
    // a log that was made beside records.
    let Status {
        head,
        floor,
        high_water,
        ..
    } = log.status().await?;
    device.observed = device.observed.max(high_water);
    if head <= device.issued {
        return Ok(());
    }
    // A log that got a new id while it had no entry has the lowest stamp as its floor.
    if floor > device.issued && floor != lowest(device.device_id) {
        device.unversioned = floor;
    }
    let is_retained = device.issued >= floor && !device.issued.is_zero();
    let mut after = is_retained.then_some(device.issued);
    let mut taken = 0;
    loop {
        let page = log.get_since(after, MAX_PAGE_ENTRIES).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.hlc);
        taken += page.len();
        let mut records = Records::new(txn.connection(), opening.models);
        merge(&mut records, opening.models, &page).await?;
    }
    tracing::info!(taken, unversioned = %device.unversioned, "applied own changes of the log to the records");
    OUTBOX.remove_up_to(&txn.port(), head).await?;
    device.issued = head;
    device.cleared = device.cleared.max(head);
    Ok(())
}
