//! Looks up and writes the receiver's tables, with one statement for any number of records.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::QueryTrait;
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, OnConflict, Query, SelectStatement,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sync_log_core::receive::{Found, RecordId, RecordWrite, Tie, Wanted};
use sync_log_core::{StoreError, judge};

use super::rows::{self, COLUMNS, DIGEST, json};
use crate::driver::build::{ELEMENTS, element, element_position, elements, insert_selected, part};
use crate::driver::failure::corrupt;
use crate::driver::{Port, Row, Template, all};
use crate::entity::{ties, versions};

/// Looks up records, and those that are tied.
pub(super) async fn look_up(db: &impl Port, wanted: &Wanted) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if !wanted.records.is_empty() {
        let ids: Vec<_> = wanted.records.iter().map(id_texts).collect();
        found.records = all(db, &RECORDS, &[(&json(&ids)).into()], rows::read).await?;
    }
    if !wanted.ties.is_empty() {
        found.tied = tied(db, &wanted.ties.iter().collect::<Vec<_>>()).await?;
    }
    Ok(found)
}

async fn tied(db: &impl Port, wanted: &[&Tie]) -> Result<Vec<(Tie, RecordId)>, StoreError> {
    let texts: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    let mut tied = Vec::new();
    db.rows(&TIED, &[(&json(&texts)).into()], |row| {
        let position = row
            .integer(0)
            .and_then(|position| usize::try_from(position).ok());
        let tie = position.and_then(|position| wanted.get(position));
        let tie = *tie.ok_or_else(|| corrupt("sync_log_ties", "", "tie"))?;
        let id = tied_record(row, tie)?;
        if may_tie(tie, &id) {
            tied.push((tie.clone(), id));
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(tied)
}

fn tied_record(row: &Row<'_>, tie: &Tie) -> Result<RecordId, StoreError> {
    let damaged = |column| corrupt("sync_log_ties", &tie.to_string(), column);
    let model_type = row.text(1).ok_or_else(|| damaged("model_type"))?;
    let record_uuid = judge::record_uuid(row.text(2).as_deref());
    let record_uuid = record_uuid.map_err(|_| damaged("record_uuid"))?;
    Ok(RecordId::new(model_type, record_uuid))
}

/// Whether a record with the text of a tie has that tie. The texts of two keys can be equal if the
/// name of a model has a `/`.
fn may_tie(tie: &Tie, id: &RecordId) -> bool {
    match tie {
        Tie::Reference(_) => true,
        Tie::Key { model_type, .. } => *model_type == id.model_type,
    }
}

/// Writes records, and what ties them.
pub(super) async fn write(db: &impl Port, records: &[RecordWrite]) -> Result<(), StoreError> {
    let versions = records.iter().map(|it| rows::write(&it.id, &it.record));
    for array in arrays(versions) {
        db.run(&WRITE_RECORDS, &[(&array).into()]).await?;
    }
    let retied = records
        .iter()
        .filter_map(|it| Some((&it.id, it.ties.as_ref()?)));
    for array in arrays(retied.clone().map(|(id, _)| json(&id_texts(id)))) {
        db.run(&UNTIE, &[(&array).into()]).await?;
    }
    let ties = retied.flat_map(|(id, ties)| ties.iter().map(move |tie| tie_texts(id, tie)));
    for array in arrays(ties.map(|texts| json(&texts))) {
        db.run(&WRITE_TIES, &[(&array).into()]).await?;
    }
    Ok(())
}

fn id_texts(id: &RecordId) -> (&str, String) {
    (&id.model_type, id.record_uuid.to_string())
}

fn tie_texts<'a>(id: &'a RecordId, tie: &Tie) -> (String, &'a str, String) {
    (tie.to_string(), &id.model_type, id.record_uuid.to_string())
}

/// The bytes of an argument at most, unless it is one element: it is in memory more than once.
const MAX_ARGUMENT_BYTES: usize = 4 << 20;

/// JSON arrays of these elements, in their order: one, unless that would be too long.
fn arrays(elements: impl Iterator<Item = String>) -> Vec<String> {
    let mut arrays: Vec<String> = Vec::new();
    for element in elements {
        match arrays.last_mut() {
            Some(array) if array.len() + element.len() < MAX_ARGUMENT_BYTES => {
                array.push(',');
                array.push_str(&element);
            }
            _ => arrays.push(format!("[{element}")),
        }
    }
    for array in &mut arrays {
        array.push(']');
    }
    arrays
}

/// Argument: an array of records. `CROSS JOIN` makes SQLite look for each of them, and not for each
/// version that is stored.
static RECORDS: LazyLock<Template> = LazyLock::new(|| {
    use versions::Column::{ModelType, RecordUuid};
    let query = Query::select()
        .columns(COLUMNS.map(|column| (versions::Entity, column)))
        .from_function(elements(0), ELEMENTS)
        .cross_join(versions::Entity)
        .and_where(ModelType.into_expr().eq(part(0)))
        .and_where(RecordUuid.into_expr().eq(part(1)))
        .to_owned();
    Template::build("look up records", &query)
});

/// Argument: an array of ties. Finds the position of a tie in it, and a record.
static TIED: LazyLock<Template> = LazyLock::new(|| {
    use ties::Column::{ModelType, RecordUuid, Tie};
    let query = Query::select()
        .expr(element_position())
        .columns([ModelType, RecordUuid].map(|column| (ties::Entity, column)))
        .from_function(elements(0), ELEMENTS)
        .cross_join(ties::Entity)
        .and_where(Tie.into_expr().eq(element()))
        .to_owned();
    Template::build("look up what is tied", &query)
});

/// Argument: an array of [`rows::write`].
static WRITE_RECORDS: LazyLock<Template> = LazyLock::new(|| {
    use versions::Column::{ModelType, RecordUuid};
    let parts = (0..COLUMNS.len()).map(|position| match position {
        DIGEST => Func::cust("unhex").arg(part(position)).into(),
        _ => part(position),
    });
    let (key, others) = COLUMNS.split_at(2);
    let replaced = OnConflict::columns(key.iter().copied())
        .update_columns(others.iter().copied())
        .to_owned();
    debug_assert!(matches!(key, [ModelType, RecordUuid]));
    let insert = insert_selected::<versions::Entity>(&COLUMNS, of_elements(parts))
        .on_conflict(replaced)
        .to_owned();
    Template::build("write records", &insert)
});

/// Argument: an array of records.
static UNTIE: LazyLock<Template> = LazyLock::new(|| {
    use ties::Column::{ModelType, RecordUuid};
    let record = [ModelType, RecordUuid].map(|column| Expr::col(column.into_column_ref()));
    let these = of_elements([part(0), part(1)]);
    let delete = ties::Entity::delete_many().filter(Expr::tuple(record).in_subquery(these));
    Template::build("write what is tied", &delete.into_query())
});

/// Argument: an array of ties and their records.
static WRITE_TIES: LazyLock<Template> = LazyLock::new(|| {
    use ties::Column::{ModelType, RecordUuid, Tie};
    let rows = of_elements([part(0), part(1), part(2)]);
    let insert = insert_selected::<ties::Entity>(&[Tie, ModelType, RecordUuid], rows);
    Template::build("write what is tied", &insert)
});

/// These parts of each element. SQLite takes an `ON CONFLICT` after a query without `WHERE` for a
/// part of that query.
fn of_elements(parts: impl IntoIterator<Item = Expr>) -> SelectStatement {
    Query::select()
        .exprs(parts)
        .from_function(elements(0), ELEMENTS)
        .and_where(Expr::val(1).eq(1))
        .to_owned()
}

#[cfg(test)]
mod tests;
