//! After a kill the log is opened and used, as an app would.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sync_log_sqlite::MAX_PAGE_ENTRIES;
use sync_log_sqlite::{Cursor, Hlc, ReadLimits, SyncDb};

use crate::child::log_folder;
use crate::entry::{DEVICE, LIBRARY};
use crate::file::LogFile;
use crate::model::Model;

/// Opens the log in `folder`, which holds what `found` says: what is there is served.
pub(super) async fn check(
    model: &mut Model,
    folder: &Path,
    found: Option<&LogFile>,
) -> Result<SyncDb> {
    let log = SyncDb::open(LIBRARY, DEVICE, &log_folder(folder)).await;
    let log = log.context("failed to open the log")?;
    let log_id = log.identity().log_id;
    ensure!(*model.log_id.get_or_insert(log_id) == log_id, "another log");
    if let Some(found) = found {
        compare(&log, found).await?;
        serve(&log, model, found).await?;
    }
    Ok(log)
}

/// Goes on with the log: the next stamp is above every earlier one.
pub(super) async fn go_on(model: &mut Model, log: &SyncDb) -> Result<()> {
    let stamp = log.tick().await?;
    let before = model.high_water;
    ensure!(stamp > before, "stamp {stamp} is not above {before}");
    model.issued_by_parent(stamp);
    Ok(log.close().await?)
}

async fn compare(log: &SyncDb, found: &LogFile) -> Result<()> {
    ensure!(log.head().await? == found.state.head, "another head");
    ensure!(log.floor().await? == found.state.floor, "another floor");
    let entries = log.get_since(None, usize::MAX).await?;
    ensure!(entries.iter().eq(found.entries.values()), "other entries");
    Ok(())
}

/// Every peer goes on where it was, and misses nothing.
async fn serve(log: &SyncDb, model: &Model, found: &LogFile) -> Result<()> {
    for (peer, row) in &model.peers {
        if row.acked.is_zero() && !model.floor.is_zero() {
            continue;
        }
        let cursor = cursor(log, model, row.acked)?;
        let page = log.read_for(*peer, cursor, ReadLimits::default()).await?;
        let after = found.entries.iter().filter(|(hlc, _)| **hlc > row.acked);
        let expected: Vec<_> = after.map(|(_, entry)| entry).collect();
        let is_next = page.entries.iter().zip(&expected).all(|(a, b)| a == *b);
        let is_full = page.entries.len() == expected.len().min(MAX_PAGE_ENTRIES);
        // A page is bounded by bytes too, and then it says that there is more.
        ensure!(
            is_next && (is_full || page.more),
            "peer {peer} misses entries"
        );
    }
    Ok(())
}

fn cursor(log: &SyncDb, model: &Model, acked: Hlc) -> Result<Cursor> {
    if acked.is_zero() {
        return Ok(Cursor::ZERO);
    }
    let is_entry = model.entries.contains_key(&acked);
    ensure!(is_entry, "an ack of no entry");
    let tag = model.tag_at(acked);
    Ok(Cursor::new(log.identity().log_id, acked, tag)?)
}
