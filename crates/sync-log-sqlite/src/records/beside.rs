//! Opens records whose log is in the same database.

use sea_orm::IdenStatic;
use sync_log_core::receive::merge;
use sync_log_core::{Birth, Hlc, MAX_PAGE_ENTRIES, take_over};

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

/// An opening of records whose log is in the same database.
///
/// The log opens with a transaction of its own, and a pool may have one connection. So each step here is
/// a transaction of its own, and the row of the device, which says that the records were opened, is
/// written by the last one. An opening that is killed before that is repeated.
pub(super) struct Beside;

impl Beside {
    pub(super) async fn open(
        opening: &Opening<'_>,
        options: SyncDbOptions,
    ) -> Result<SyncDb, SyncError> {
        let txn = AppTransaction::of_records(opening.db).await?;
        let looked = look(&txn, opening).await;
        let found = txn.end_with(looked).await?;
        let options = options.born(found.birth);
        let log = attach(opening, &options).await?;
        log.run(take_over(Vec::new(), opening.now_ms)).await?;
        if found.is_first {
            catch_up(opening, &log).await?;
        }
        let last = AppTransaction::of_records(opening.db).await?;
        let finished = finish(&last, opening, &log).await;
        let has_given = last.end_with(finished).await?;
        if has_given && found.has_log {
            put_on_record(&log, log.head().await?).await?;
            log.close().await?;
            return attach(opening, &options).await;
        }
        Ok(log)
    }
}

async fn attach(opening: &Opening<'_>, options: &SyncDbOptions) -> Result<SyncDb, SyncError> {
    let own = opening.own;
    let options = options.clone();
    let attached = options.attach(opening.db, own.library_id, own.device_id);
    Ok(attached.await?)
}

/// What was there before.
struct Found {
    /// Whether the records were never opened before.
    is_first: bool,
    has_log: bool,
    /// How a log begins that is made for them.
    birth: Birth,
}

async fn look(txn: &AppTransaction, opening: &Opening<'_>) -> Result<Found, SyncError> {
    let db = &txn.port();
    let is_first = opening.known(txn, false).await?.is_none();
    let has_tables = tables::has(db, identity::Entity.as_str()).await?;
    Ok(Found {
        is_first,
        has_log: has_tables && select::identity(db).await?.is_some(),
        birth: opening.birth(txn, is_first, Hlc::ZERO).await?,
    })
}

/// Gives the records of the log's entries versions: the log is older than the receiver's tables.
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

/// Writes the row of the device. Returns whether there were rows that are in no log.
async fn finish(
    txn: &AppTransaction,
    opening: &Opening<'_>,
    log: &SyncDb,
) -> Result<bool, SyncError> {
    let own = opening.own;
    let known = opening.known(txn, false).await?;
    let is_first = known.is_none();
    let new = || Device::new(own.library_id, own.device_id, false);
    let mut device = known.unwrap_or_else(new);
    let has_given = is_first && baseline::give(txn, opening).await?;
    let anchor = log.attached().map(AttachedStore::anchor);
    upgrade(txn, opening, &mut device, is_first, anchor).await?;
    if is_first {
        device::make(&txn.port(), &device).await?;
    } else {
        device::write(&txn.port(), &device).await?;
    }
    Ok(has_given)
}
