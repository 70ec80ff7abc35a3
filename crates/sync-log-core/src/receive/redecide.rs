//! Decides all records again, because the app's models have changed (`X6`).

use super::facts::Models;
use super::merge::{show_again, show_as_decided};
use super::moves::{RecordWrite, ties};
use super::node::read;
use super::port::ReceiverStore;
use super::record::RecordId;
use super::standing::Record;
use crate::error::StoreError;
use crate::limits::MAX_PAGE_ENTRIES;

/// Decides again what is shown of all records. Call this function once in each new version of the app whose
/// models differ from those of the version before, in one transaction and before anything else. A record
/// that the earlier version could not show may be shown now, and a record that it showed may be hidden.
///
/// First, the ties of the records are derived again, so that each decision finds all records that it
/// concerns. Then the rows of all shown records are written again, because the earlier version may have left
/// out members that it did not know.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn redecide<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
) -> Result<(), StoreError> {
    let mut tied = None;
    while let Some(page) = next(store, &mut tied).await? {
        let writes: Vec<_> = page.into_iter().map(|it| retied(models, it)).collect();
        store.write(&writes).await?;
    }
    let mut shown = None;
    while let Some(page) = next(store, &mut shown).await? {
        show_again(store, models, page.into_iter().map(|(id, _)| id)).await?;
    }
    Ok(())
}

/// Decides what is shown of all records once [`baseline()`](super::baseline()) has given versions to the rows
/// of the app, if there were no other records. Only the rows of records that cannot be shown are changed.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn decide_all<M: Models>(
    store: &mut impl ReceiverStore,
    models: &M,
) -> Result<(), StoreError> {
    let mut decided = None;
    while let Some(page) = next(store, &mut decided).await? {
        show_as_decided(store, models, page.into_iter().map(|(id, _)| id)).await?;
    }
    Ok(())
}

/// The next records after this one, if there are any.
async fn next(
    store: &mut impl ReceiverStore,
    after: &mut Option<RecordId>,
) -> Result<Option<Vec<(RecordId, Record)>>, StoreError> {
    let page = store.records(after.as_ref(), MAX_PAGE_ENTRIES).await?;
    let Some((last, _)) = page.last() else {
        return Ok(None);
    };
    *after = Some(last.clone());
    Ok(Some(page))
}

/// The record with the ties that its version has under these models.
pub(super) fn retied(models: &impl Models, (id, record): (RecordId, Record)) -> RecordWrite {
    let (facts, _, _) = read(models, &id, &record.version);
    let ties = ties(&id, &facts, &record.standing);
    RecordWrite {
        id,
        record,
        ties: Some(ties),
    }
}
