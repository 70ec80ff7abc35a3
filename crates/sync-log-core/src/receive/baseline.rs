//! Gives versions to rows that were there before their changes were recorded (`W5`).

use super::facts::Models;
use super::merge::{joined, look_up, versions_of};
use super::port::RecordStore;
use super::record::RecordId;
use super::redecide::retied;
use super::seen::{Seen, Wanted};
use super::standing::{Record, Standing};
use crate::error::StoreError;
use crate::model::SharedChangeEntry;

/// Gives versions to rows of which no shown record is known. `entries` have the contents of the rows. Their
/// stamps are those of the last changes as far as the app knows them, so that a later change of another device
/// wins over an older row. Returns whether a row has contents that no merged change has.
///
/// The rows stay as they are, and their records count as shown. Once all rows have versions, and in the same
/// transaction, call [`decide_all`](super::decide_all), or [`redecide`](super::redecide()) if there were other
/// records before. A decision before that would take a row for missing because its turn has not come.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn baseline<M: Models>(
    store: &mut impl RecordStore,
    models: &M,
    entries: &[SharedChangeEntry],
) -> Result<bool, StoreError> {
    let wanted = Wanted {
        records: entries.iter().map(RecordId::of).collect(),
        ..Wanted::default()
    };
    let mut seen = Seen::default();
    look_up(store, &mut seen, &wanted).await?;
    let mut moved = joined(&seen, versions_of(models, entries));
    let has_moved = !moved.is_empty();
    let shown = wanted.records.into_iter().filter_map(|id| {
        let stored = || Some(seen.record(&id).flatten()?.version.clone());
        let record = Record {
            version: moved.remove(&id).or_else(stored)?,
            standing: Standing::Shown {
                emptied: Vec::new(),
            },
        };
        Some(retied(models, (id, record)))
    });
    store.write(&shown.collect::<Vec<_>>()).await?;
    Ok(has_moved)
}
