//! What a device has from before its app shared its records.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use sea_orm::DatabaseConnection;
use simulator::apps::{LIBRARY, LOGGED_MS, Start};
use sync_log_sqlite::records::begin;
use sync_log_sqlite::{Change, DeviceId, ManualClock, SharedChangeEntry, SyncDb};

use super::editing::change_row;
use crate::common::database::Layout;

/// Makes the rows and the log that a device begins with.
pub(super) async fn make(
    db: &DatabaseConnection,
    folder: &Path,
    layout: Layout,
    start: &Start,
    own: DeviceId,
) -> Result<()> {
    let txn = begin(db).await?;
    for row in start.baseline(own) {
        change_row(&txn, &change(row)).await?;
    }
    txn.commit().await?;
    let logged = start.logged(own);
    if logged.is_empty() {
        return Ok(());
    }
    let wall = Arc::new(ManualClock::new(LOGGED_MS));
    let options = SyncDb::options().wall_clock(wall);
    let log = match layout {
        Layout::Outbox => options.open(LIBRARY, own, folder).await?,
        Layout::Attached => options.attach(db, LIBRARY, own).await?,
    };
    log.append_many(logged).await?;
    log.close().await?;
    Ok(())
}

/// The change that inserts a row.
fn change(row: SharedChangeEntry) -> Change {
    Change {
        model_type: row.model_type,
        record_uuid: row.record_uuid,
        change_type: row.change_type,
        data: row.data,
        model_version: row.model_version,
    }
}
