//! Shares rows that were there before any change of them was recorded (`W5`).

use std::collections::BTreeMap;

use sea_orm::DatabaseTransaction;
use serde_json::Value;
use sync_log_core::receive::{Models, Record, RecordId, RecordStore, Wanted, WriteError, baseline};
use sync_log_core::{
    ChangeType, JsonText, MAX_DATA_BYTES, MAX_PAGE_ENTRIES, SharedChangeEntry, Uuid, judge,
};

use super::changed::Changed;
use super::opening::Opening;
use super::registered::{Model, RegisteredModels};
use super::store::Records;
use super::sync_error::SyncError;
use crate::driver::AppTransaction;

/// Gives a version to each row that belongs to no shown record. Returns whether there were rows with contents
/// that no merged change has. Their records have to be decided after this call, in the same transaction.
///
/// # Errors
/// [`SyncError::NeedsBaseline`] if nothing is known of a row, and the app does not say when it was changed.
/// [`SyncError::Write`] if a row is larger than a record may be.
pub(super) async fn give(txn: &AppTransaction, opening: &Opening<'_>) -> Result<bool, SyncError> {
    let (txn, models) = (txn.connection(), opening.models);
    let mut has_given = false;
    for (name, model) in &models.models {
        let mut after = None;
        loop {
            let rows = model
                .shows
                .shown_after(txn, after, MAX_PAGE_ENTRIES)
                .await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = Some(*last);
            let rows = unversioned(txn, opening, name, rows).await?;
            let entries = rows.into_iter().map(|row| entry(opening, name, model, row));
            let entries: Vec<_> = entries.collect();
            refuse_what_no_peer_takes(&entries)?;
            has_given |= baseline(&mut Records::new(txn, models), models, &entries).await?;
        }
    }
    Ok(has_given)
}

fn refuse_what_no_peer_takes(entries: &[SharedChangeEntry]) -> Result<(), SyncError> {
    for entry in entries {
        let judged = judge::content(&entry.model_type, &entry.data, MAX_DATA_BYTES);
        judged.map_err(|fault| WriteError::Content {
            record: RecordId::of(entry),
            fault,
        })?;
    }
    Ok(())
}

/// The rows that belong to no shown record.
///
/// # Errors
/// [`SyncError::NeedsBaseline`].
async fn unversioned(
    txn: &DatabaseTransaction,
    opening: &Opening<'_>,
    name: &str,
    mut rows: Vec<(Uuid, JsonText)>,
) -> Result<Vec<(Uuid, JsonText)>, SyncError> {
    let models = opening.models;
    let id = |record: &Uuid| RecordId::new(name, *record);
    let wanted = Wanted {
        records: rows.iter().map(|(record, _)| id(record)).collect(),
        ..Wanted::default()
    };
    let found = Records::new(txn, models).look_up(&wanted).await?;
    let known: BTreeMap<_, _> = found.records.into_iter().collect();
    rows.retain(|(record, data)| {
        let has = |it: &Record| is_shown_by(models, name, it, data);
        !known.get(&id(record)).is_some_and(has)
    });
    let is_told = |record: &Record| tells_of_the_row(models, name, record);
    let mut unknown = rows.iter().map(|(record, _)| id(record));
    let first = unknown.find(|record| !known.get(record).is_some_and(is_told));
    match first {
        Some(record) if opening.baseline.is_none() => Err(SyncError::NeedsBaseline { record }),
        _ => Ok(rows),
    }
}

/// Whether a row needs no version: its record is shown, or has the same contents. In the latter case an earlier
/// release has left the row there, because it did not have the model.
fn is_shown_by(models: &RegisteredModels, name: &str, record: &Record, data: &JsonText) -> bool {
    if record.standing.is_shown() {
        return true;
    }
    let version = &record.version;
    let Some(payload) = version.payload(models.rule(name, version.model_version)) else {
        return false;
    };
    let members = |of: &JsonText| of.parse_as::<Members>().unwrap_or_default();
    let changed = members(&payload);
    let mut shown = members(data).into_iter();
    shown.all(|(member, value)| changed.get(&member).unwrap_or(&Value::Null) == &value)
}

type Members = BTreeMap<String, Value>;

/// Whether the changes of a record say what is to become of its row, even if the app does not say how old the
/// row is. Changes of single members say nothing of the others.
fn tells_of_the_row(models: &RegisteredModels, name: &str, record: &Record) -> bool {
    let version = &record.version;
    let rule = models.rule(name, version.model_version);
    !version.deleted.is_zero() || version.payload(rule).is_some()
}

/// The contents of a row, as a change that is in no log.
fn entry(
    opening: &Opening<'_>,
    name: &str,
    model: &Model,
    (record_uuid, data): (Uuid, JsonText),
) -> SharedChangeEntry {
    let unknown = Changed::unknown();
    let changed = opening.baseline.unwrap_or(&unknown);
    SharedChangeEntry {
        hlc: changed.stamp(name, &data, opening.own.device_id, opening.now_ms),
        model_type: name.to_owned(),
        record_uuid,
        change_type: ChangeType::Insert,
        data,
        model_version: model.version,
        group_end: true,
    }
}
