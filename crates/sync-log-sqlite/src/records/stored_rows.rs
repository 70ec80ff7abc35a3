//! The rows of the app's tables, with their payloads.

use sea_orm::{ConnectionTrait, Statement};
use sync_log_core::{JsonText, Uuid};

use super::registered::Model;
use super::sync_error::SyncError;
use crate::driver::app_rows;

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
