//! Opens records whose log is in the same database.

use sea_orm::IdenStatic;
use sync_log_core::receive::merge;
use sync_log_core::{Birth, MAX_PAGE_ENTRIES, take_over};

use super::baseline;
use super::in_transaction::raised;
use super::opening::Opening;
use super::renew::put_on_record;
use super::store::Records;
use super::sync_error::SyncError;
use super::upgrade::upgrade;
use crate::driver::{AppTransaction, tables};
use crate::entity::identity;
use crate::open::{SyncDb, SyncDbOptions};
use crate::store::select;

/// Opens the log, and then the receiver's tables beside it.
///
/// The log opens with a transaction of its own, and a pool may have one connection. So each step here is
/// a transaction of its own. The last step writes the row of the device, which says that the records were
/// opened with these models. An opening that is killed before that step is repeated.
pub(super) async fn open(
    opening: &Opening<'_>,
    options: &SyncDbOptions,
) -> Result<SyncDb, SyncError> {
    let before = look(opening).await?;
    let options = options.clone().born(before.birth);
    let mut log = attach(opening, &options).await?;
    let mut is_new = !before.has_log && !log.floor().await?.is_zero();
    if before.lacks_rows && !is_new {
        log = renewed(opening, &options, log).await?;
        is_new = true;
    }
    log.run(take_over(Vec::new(), opening.now_ms)).await?;
    if before.has_other_models {
        // Another program may have added rows since the first look.
        while !is_upgraded(opening, is_new).await? {
            log = renewed(opening, &options, log).await?;
            is_new = true;
        }
        if is_new {
            log.run(raised(opening.above_baseline())).await?;
        }
        if before.is_first {
            catch_up(opening, &log).await?;
        }
        finish(opening).await?;
    }
    Ok(log)
}

async fn attach(opening: &Opening<'_>, options: &SyncDbOptions) -> Result<SyncDb, SyncError> {
    let own = opening.own;
    let options = options.clone();
    let attached = options.attach(opening.db, own.library_id, own.device_id);
    Ok(attached.await?)
}

/// Gives the log a new id and a floor, so that each peer takes a snapshot. This comes before the rows get
/// versions: an opening that is killed in between has to find them lacking, and to give the log a new id
/// again.
async fn renewed(
    opening: &Opening<'_>,
    options: &SyncDbOptions,
    log: SyncDb,
) -> Result<SyncDb, SyncError> {
    let head = log.head().await?;
    put_on_record(&log, head).await?;
    log.close().await?;
    attach(opening, options).await
}

/// What was in the database before this opening.
struct Before {
    /// Whether the records were never opened before.
    is_first: bool,
    /// Whether the records were never opened with these models.
    has_other_models: bool,
    has_log: bool,
    /// Whether there are rows whose contents the log lacks.
    lacks_rows: bool,
    /// How a log begins if it is made for these records.
    birth: Birth,
}

/// Looks at the database, and leaves it as it is.
async fn look(opening: &Opening<'_>) -> Result<Before, SyncError> {
    let txn = AppTransaction::of_records(opening.db).await?;
    let looked = look_in(&txn, opening).await;
    txn.roll_back().await;
    looked
}

async fn look_in(txn: &AppTransaction, opening: &Opening<'_>) -> Result<Before, SyncError> {
    let db = &txn.port();
    let found = opening.look(txn, false).await?;
    let has_tables = tables::has(db, identity::Entity.as_str()).await?;
    let has_log = has_tables && select::identity(db).await?.is_some();
    let has_other_models = found.device.models != opening.models.fingerprint();
    let lacks_rows = has_other_models && baseline::give(txn, opening).await?;
    Ok(Before {
        is_first: found.is_first,
        has_other_models,
        has_log,
        lacks_rows,
        birth: found.birth(lacks_rows),
    })
}

/// Brings the records to the models. Does nothing if there are rows that are in no log, and the log has the
/// id with which peers have read. Returns whether it was done.
async fn is_upgraded(opening: &Opening<'_>, is_new: bool) -> Result<bool, SyncError> {
    let txn = AppTransaction::of_records(opening.db).await?;
    let upgraded = async {
        let mut found = opening.look(&txn, false).await?;
        let has_given = upgrade(&txn, opening, &mut found.device).await?;
        if !found.is_first {
            // No handle with the models of before goes on from here, although the last step is not done yet.
            found.device.models = String::new();
            found.write(&txn).await?;
        }
        Ok(has_given)
    };
    match upgraded.await {
        Ok(true) if !is_new => {
            txn.roll_back().await;
            Ok(false)
        }
        upgraded => txn.end_with(upgraded).await.map(|_| true),
    }
}

/// Merges the entries of a log that is older than the receiver's tables into the versions of their records.
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

/// Writes the row of the device.
async fn finish(opening: &Opening<'_>) -> Result<(), SyncError> {
    let txn = AppTransaction::of_records(opening.db).await?;
    let finished = async {
        let mut found = opening.look(&txn, false).await?;
        found.device.models = opening.models.fingerprint();
        found.write(&txn).await
    };
    let finished = finished.await;
    txn.end_with(finished).await
}
