//! Shares rows that were there before any change was recorded (`W5`).

use std::collections::BTreeSet;

use sea_orm::DatabaseTransaction;
use sync_log_core::receive::{RecordId, RecordStore, Wanted, baseline};
use sync_log_core::{ChangeType, JsonText, MAX_PAGE_ENTRIES, SharedChangeEntry, Uuid};

use super::opening::Opening;
use super::registered::RegisteredModels;
use super::store::Records;
use super::stored_rows::rows_after;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;

/// Gives a version to each row that has none. Returns whether there were such rows.
pub(super) async fn give(txn: &AppTransaction, opening: &Opening<'_>) -> Result<bool, SyncError> {
    let Opening {
        models,
        own,
        baseline: changed,
        now_ms,
        ..
    } = *opening;
    let (txn, device_id) = (txn.connection(), own.device_id);
    let mut has_given = false;
    for (name, model) in &models.models {
        let mut after = None;
        loop {
            let rows = rows_after(txn, model, after, MAX_PAGE_ENTRIES).await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = Some(*last);
            let rows = unversioned(txn, models, name, rows).await?;
            let Some((first, _)) = rows.first() else {
                continue;
            };
            let record = RecordId::new(name.as_str(), *first);
            let changed = changed.ok_or(SyncError::NeedsBaseline { record })?;
            let entries = rows
                .into_iter()
                .map(|(record_uuid, data)| SharedChangeEntry {
                    hlc: changed.stamp(name, &data, device_id, now_ms),
                    model_type: name.clone(),
                    record_uuid,
                    change_type: ChangeType::Insert,
                    data,
                    model_version: model.version,
                    group_end: true,
                });
            let entries: Vec<_> = entries.collect();
            baseline(&mut Records::new(txn, models), models, &entries).await?;
            has_given = true;
        }
    }
    Ok(has_given)
}

/// The rows of records of which no change was ever merged.
async fn unversioned(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    name: &str,
    mut rows: Vec<(Uuid, JsonText)>,
) -> Result<Vec<(Uuid, JsonText)>, SyncError> {
    let id = |record: &Uuid| RecordId::new(name, *record);
    let wanted = Wanted {
        records: rows.iter().map(|(record, _)| id(record)).collect(),
        ..Wanted::default()
    };
    let found = Records::new(txn, models).look_up(&wanted).await?;
    let known: BTreeSet<_> = found.records.into_iter().map(|(known, _)| known).collect();
    rows.retain(|(record, _)| !known.contains(&id(record)));
    Ok(rows)
}
