//! Changes the app's tables.

use sea_orm::DatabaseTransaction;
use sync_log_core::receive::{Move, RecordId};
use sync_log_core::{JsonText, StoreError};

use super::ended::refuse_ended;
use super::registered::RegisteredModels;
use crate::driver::failure::refused_by_constraint;
use crate::driver::raw::transaction::{BACK_TO_SAVEPOINT, RELEASE_SAVEPOINT, SAVEPOINT};
use crate::driver::{Over, Port};

/// Records that cannot be shown, and why.
type Refused = Vec<(RecordId, String)>;

/// Changes the app's tables, step by step. Returns the records that cannot be shown, and why. If there are
/// such records, the tables are as they were before the call.
///
/// # Errors
/// A failure of the database: roll back.
pub(super) async fn change(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    steps: &[Move],
) -> Result<Refused, StoreError> {
    // A model undoes a single step by itself.
    if steps.len() <= 1 {
        return take(txn, models, steps).await;
    }
    let db = Over(txn);
    db.run(&SAVEPOINT, &[]).await?;
    let refused = take(txn, models, steps).await?;
    if !refused.is_empty() {
        db.run(&BACK_TO_SAVEPOINT, &[]).await?;
    }
    db.run(&RELEASE_SAVEPOINT, &[]).await?;
    Ok(refused)
}

/// Takes each step, even after a refused one, so that the next attempt knows all refused records.
async fn take(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    steps: &[Move],
) -> Result<Refused, StoreError> {
    let mut refused = Vec::new();
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let taken = match first {
            Move::Show(..) => {
                let some = first_of_one_model(rest);
                refused.extend(show_some(txn, models, &some).await?);
                some.len()
            }
            Move::Hide(id) => {
                match hide(txn, models, id).await {
                    // A row that could not be emptied still refers to this one. The next attempt
                    // does not show that row.
                    Err(error)
                        if !refused.is_empty() && refused_by_constraint(&error).is_some() =>
                    {
                        refuse_ended(&Over(txn)).await?;
                    }
                    hidden => hidden?,
                }
                1
            }
        };
        rest = &rest[taken..];
    }
    Ok(refused)
}

/// How many records one statement of an entity shows. Each number makes a different text, and drivers keep
/// each text prepared.
const AT_ONCE: [usize; 3] = [32, 8, 1];

/// The first steps, which show records of one model, as many as one statement takes.
fn first_of_one_model(steps: &[Move]) -> Vec<(&RecordId, &JsonText)> {
    let shown = steps.iter().map_while(|step| match step {
        Move::Show(id, payload) => Some((id, payload)),
        Move::Hide(_) => None,
    });
    let mut shown: Vec<_> = shown.take(AT_ONCE[0]).collect();
    let is_other = |(id, _): &(&RecordId, _)| id.model_type != shown[0].0.model_type;
    let of_one = shown.iter().position(is_other).unwrap_or(shown.len());
    let at_once = AT_ONCE.into_iter().find(|number| *number <= of_one);
    shown.truncate(at_once.unwrap_or_default());
    shown
}

/// Shows records of one model. If not all of them can be shown, tries each record separately.
async fn show_some(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    records: &[(&RecordId, &JsonText)],
) -> Result<Refused, StoreError> {
    let mut refused = Vec::new();
    if records.len() > 1 && show(txn, models, records).await?.is_none() {
        return Ok(refused);
    }
    for (id, payload) in records {
        if let Some(reason) = show(txn, models, &[(id, payload)]).await? {
            refused.push(((*id).clone(), reason));
        }
    }
    Ok(refused)
}

/// Shows records of one model at once. Returns why they cannot be shown.
async fn show(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    records: &[(&RecordId, &JsonText)],
) -> Result<Option<String>, StoreError> {
    let model = records.first().map(|(id, _)| &id.model_type);
    let Some(model) = model.and_then(|name| models.models.get(name)) else {
        return Ok(Some("the model is not registered".to_owned()));
    };
    let records = records.iter();
    let records: Vec<_> = records.map(|(id, data)| (id.record_uuid, *data)).collect();
    model.shows.show(txn, &records).await
}

/// Hides a record. A model that the app no longer registers has no table, so nothing shows it.
async fn hide(
    txn: &DatabaseTransaction,
    models: &RegisteredModels,
    id: &RecordId,
) -> Result<(), StoreError> {
    let Some(model) = models.models.get(&id.model_type) else {
        return Ok(());
    };
    let hidden = model.shows.hide(txn, id.record_uuid).await;
    hidden.map_err(|error| error.while_doing(format!("hide {id}")))
}
