//! Opens records whose log is in the same database.

use sea_orm::IdenStatic;
use sync_log_core::receive::merge;
use sync_log_core::{Birth, MAX_PAGE_ENTRIES, take_over};

use super::baseline;
use super::device::{self, Device};
use super::opening::Opening;
use super::renew::put_on_record;
use super::store::Records;
use super::sync_error::SyncError;
use super::upgrade::upgrade;
use crate::driver::{AppTransaction, tables};
use crate::entity::identity;
use crate::open::{SyncDb, SyncDbOptions};
use crate::store::{AttachedStore, select};

/// Opens the log, and then the receiver's tables beside it.
///
/// The log opens with a transaction of its own, and a pool may have one connection. So each step here is
/// a transaction of its own. The last step writes the row of the device, which says that the records were
/// opened. An opening that is killed before that step is repeated.
pub(super) async fn open(
    opening: &Opening<'_>,
    options: &SyncDbOptions,
) -> Result<SyncDb, SyncError> {
    let txn = AppTransaction::of_records(opening.db).await?;
    let looked = look(&txn, opening).await;
    let found = txn.end_with(looked).await?;
    let options = options.clone().born(found.birth);
    let mut log = attach(opening, &options).await?;
    if found.is_first {
        catch_up(opening, &log).await?;
    }
    if found.is_first && found.has_log && lacks_versions(opening).await? {
        // Before the rows get versions: an opening that is killed in between must find them lacking, and
        // give the log a new id again.
        put_on_record(&log, log.head().await?).await?;
        log.close().await?;
        log = attach(opening, &options).await?;
    }
    log.run(take_over(Vec::new(), opening.now_ms)).await?;
    if found.is_first {
        // Until here, another program may have recorded a change.
        catch_up(opening, &log).await?;
    }
    let last = AppTransaction::of_records(opening.db).await?;
    let finished = finish(&last, opening, &log).await;
    last.end_with(finished).await?;
    Ok(log)
}

/// Whether there are rows of which neither the log nor the records know a change.
async fn lacks_versions(opening: &Opening<'_>) -> Result<bool, SyncError> {
    let txn = AppTransaction::of_records(opening.db).await?;
    let given = baseline::give(&txn, opening).await;
    txn.roll_back().await;
    given
}

async fn attach(opening: &Opening<'_>, options: &SyncDbOptions) -> Result<SyncDb, SyncError> {
    let own = opening.own;
    let options = options.clone();
    let attached = options.attach(opening.db, own.library_id, own.device_id);
    Ok(attached.await?)
}

/// What was in the database before this opening.
struct Found {
    /// Whether the records were never opened before.
    is_first: bool,
    has_log: bool,
    /// How a log begins if it is made for these records.
    birth: Birth,
}

async fn look(txn: &AppTransaction, opening: &Opening<'_>) -> Result<Found, SyncError> {
    let db = &txn.port();
    let known = opening.known(txn, false).await?;
    let has_tables = tables::has(db, identity::Entity.as_str()).await?;
    let has_log = has_tables && select::identity(db).await?.is_some();
    Ok(Found {
        is_first: known.is_none(),
        has_log,
        birth: opening.birth(txn, known.as_ref(), has_log).await?,
    })
}

/// Merges the entries of a log that is older than the receiver's tables, so that their records get versions.
async fn catch_up(opening: &Opening<'_>, log: &SyncDb) -> Result<(), SyncError> {
    let mut after = None;
    loop {
        let page = log.get_since(after, MAX_PAGE_ENTRIES).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.hlc);
        let txn = AppTransaction::of_records(opening.db).await?;
        let mut records = Records::new(txn.connection(), opening.models);
        let merged = merge(&mut records, opening.models, &page).await;
        txn.end_with(merged).await?;
    }
}

/// Gives a version to each row that has none, and writes the row of the device.
async fn finish(
    txn: &AppTransaction,
    opening: &Opening<'_>,
    log: &SyncDb,
) -> Result<(), SyncError> {
    let own = opening.own;
    let known = opening.known(txn, false).await?;
    let is_first = known.is_none();
    let new = || Device::new(own.library_id, own.device_id, false);
    let mut device = known.unwrap_or_else(new);
    if is_first {
        baseline::give(txn, opening).await?;
    }
    let anchor = log.attached().map(AttachedStore::anchor);
    upgrade(txn, opening, &mut device, is_first, anchor).await?;
    let written = if is_first {
        device::make(&txn.port(), &device).await
    } else {
        device::write(&txn.port(), &device).await
    };
    Ok(written?)
}
