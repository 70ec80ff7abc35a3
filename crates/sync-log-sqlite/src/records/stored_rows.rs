//! The rows of the app's tables, with their payloads.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};
use sync_log_core::receive::RecordId;
use sync_log_core::{JsonText, Uuid};

use super::registered::{Model, RegisteredModels};
use super::sync_error::SyncError;
use crate::driver::app_rows;

/// The first record that has a row in the tables of the models.
pub(super) async fn first_row(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
) -> Result<Option<RecordId>, SyncError> {
    for (name, model) in &models.models {
        let rows = rows_after(txn, model, None, 1).await?;
        if let Some((record, _)) = rows.first() {
            return Ok(Some(RecordId::new(name.as_str(), *record)));
        }
    }
    Ok(None)
}

/// The rows of a model after this record, with their payloads.
pub(super) async fn rows_after(
    db: &impl ConnectionTrait,
    model: &Model,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, JsonText)>, SyncError> {
    rows(db, model, model.shape.rows_after(after, limit as u64)).await
}

/// The rows of these records, with their payloads.
pub(super) async fn rows_of(
    db: &impl ConnectionTrait,
    model: &Model,
    records: &[Uuid],
) -> Result<Vec<(Uuid, JsonText)>, SyncError> {
    rows(db, model, model.shape.rows_of(records)).await
}

async fn rows(
    db: &impl ConnectionTrait,
    model: &Model,
    query: Statement,
) -> Result<Vec<(Uuid, JsonText)>, SyncError> {
    let rows = app_rows(db, query).await?;
    let rows = rows.iter().map(|row| model.shape.payload(row));
    Ok(rows.collect::<Result<_, _>>()?)
}
