//! Looks up and writes the receiver's tables, with one statement for any number of records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::QueryTrait;
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, OnConflict, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sync_log_core::receive::{Found, Record, RecordId, RecordWrite, Tie, Wanted, WhyNotShown};
use sync_log_core::{StoreError, judge};

use super::rows::{self, COLUMNS, DIGEST, json};
use crate::driver::build::{ELEMENTS, element, element_position, elements, insert_selected, part};
use crate::driver::failure::corrupt;
use crate::driver::{Argument, Port, Row, Template, all, argument, argument_rows, exists};
use crate::entity::{ties, versions};

/// Looks up records, and those that are tied.
pub(super) async fn look_up(db: &impl Port, wanted: &Wanted) -> Result<Found, StoreError> {
    let lookup = Lookup::of(wanted);
    let mut found = Found::default();
    db.rows(lookup.query(), &lookup.arguments(), |row| {
        lookup.read(row, &mut found).map(ControlFlow::Continue)
    })
    .await?;
    Ok(found)
}

/// The same after a lock. Returns its row, too, which begins with a number; the rows that are found begin with
/// text.
pub(super) async fn look_up_after<T>(
    db: &impl Port,
    lock: &Template,
    wanted: &Wanted,
    read_lock: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<(Option<T>, Found), StoreError> {
    let lookup = Lookup::of(wanted);
    let mut locked = None;
    let mut found = Found::default();
    let queries = [(lock, &[][..]), (lookup.query(), &lookup.arguments())];
    db.rows_of_both(queries, |row| {
        if row.integer(0).is_some() {
            locked = Some(read_lock(row)?);
            return Ok(());
        }
        lookup.read(row, &mut found)
    })
    .await?;
    Ok((locked, found))
}

/// What is looked up.
struct Lookup<'a> {
    ties: Vec<&'a Tie>,
    texts: Vec<String>,
}

impl<'a> Lookup<'a> {
    fn of(wanted: &'a Wanted) -> Self {
        let ids: Vec<_> = wanted.records.iter().map(id_texts).collect();
        let ties: Vec<_> = wanted.ties.iter().collect();
        let mut texts = vec![json(&ids)];
        if !ties.is_empty() {
            let ties: Vec<_> = ties.iter().map(ToString::to_string).collect();
            texts.push(json(&ties));
        }
        Self { ties, texts }
    }

    fn query(&self) -> &'static Template {
        if self.ties.is_empty() {
            &RECORDS
        } else {
            &RECORDS_AND_TIED
        }
    }

    fn arguments(&self) -> Vec<Argument<'_>> {
        self.texts.iter().map(Argument::from).collect()
    }

    fn read(&self, row: &Row<'_>, found: &mut Found) -> Result<(), StoreError> {
        let position = match self.ties.as_slice() {
            [] => None,
            _ => row.integer(COLUMNS.len()),
        };
        match position {
            None => found.records.push(rows::read(row)?),
            Some(position) => found.tied.extend(tied(row, &self.ties, position)?),
        }
        Ok(())
    }
}

/// The records after this one, ascending.
pub(super) async fn after(
    db: &impl Port,
    after: Option<&RecordId>,
    limit: usize,
) -> Result<Vec<(RecordId, Record)>, StoreError> {
    // No model has an empty name, so that all records are after it.
    let (model_type, record_uuid) = after.map_or(("", String::new()), id_texts);
    let arguments = [model_type.into(), (&record_uuid).into(), limit.into()];
    all(db, &RECORDS_AFTER, &arguments, rows::read).await
}

/// The live records that are not shown, and why.
pub(super) async fn not_shown(
    db: &impl Port,
    limit: usize,
) -> Result<Vec<(RecordId, WhyNotShown)>, StoreError> {
    all(db, &NOT_SHOWN, &[limit.into()], rows::not_shown).await
}

/// How many live records are not shown, by the name of the reason.
pub(super) async fn count_not_shown(
    db: &impl Port,
) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    db.rows(&NOT_SHOWN, &[usize::MAX.into()], |row| {
        let (_, why) = rows::not_shown(row)?;
        *counts.entry(why.as_str()).or_default() += 1;
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(counts)
}

/// Whether the app cannot read a live record.
pub(super) async fn has_unreadable(db: &impl Port) -> Result<bool, StoreError> {
    let unreadable = [WhyNotShown::UnknownModel, WhyNotShown::NewerModel].map(|why| json(&why));
    let arguments = unreadable.each_ref().map(Argument::from);
    exists(db, &UNREADABLE, &arguments).await
}

/// The record of a row, and the tie at this position.
fn tied(
    row: &Row<'_>,
    ties: &[&Tie],
    position: i64,
) -> Result<Option<(Tie, RecordId)>, StoreError> {
    let position = usize::try_from(position).ok();
    let tie = position.and_then(|position| ties.get(position));
    let tie = *tie.ok_or_else(|| corrupt("sync_log_ties", "", "tie"))?;
    let id = tied_record(row, tie)?;
    Ok(may_tie(tie, &id).then(|| (tie.clone(), id)))
}

fn tied_record(row: &Row<'_>, tie: &Tie) -> Result<RecordId, StoreError> {
    let damaged = |column| corrupt("sync_log_ties", &tie.to_string(), column);
    let model_type = row.text(0).ok_or_else(|| damaged("model_type"))?;
    let record_uuid = judge::record_uuid(row.text(1).as_deref());
    let record_uuid = record_uuid.map_err(|_| damaged("record_uuid"))?;
    Ok(RecordId::new(model_type, record_uuid))
}

/// Whether a record that was found by the text of a tie has that tie. The texts of the keys of two models
/// can be equal if the name of a model has a `/`.
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
        db.change_rows(&WRITE_RECORDS, &[(&array.text).into()], array.elements)
            .await?;
    }
    let retied = records
        .iter()
        .filter_map(|it| Some((&it.id, it.ties.as_ref()?)));
    untie(db, retied.clone().map(|(id, _)| id)).await?;
    let ties = retied.flat_map(|(id, ties)| ties.iter().map(move |tie| tie_texts(id, tie)));
    for array in arrays(ties.map(|texts| json(&texts))) {
        db.change_rows(&WRITE_TIES, &[(&array.text).into()], array.elements)
            .await?;
    }
    Ok(())
}

/// Removes what ties records.
pub(super) async fn untie(
    db: &impl Port,
    records: impl Iterator<Item = &RecordId>,
) -> Result<(), StoreError> {
    for array in arrays(records.map(|id| json(&id_texts(id)))) {
        db.run(&UNTIE, &[(&array.text).into()]).await?;
    }
    Ok(())
}

pub(super) fn id_texts(id: &RecordId) -> (&str, String) {
    (&id.model_type, id.record_uuid.to_string())
}

fn tie_texts<'a>(id: &'a RecordId, tie: &Tie) -> (String, &'a str, String) {
    (tie.to_string(), &id.model_type, id.record_uuid.to_string())
}

/// The bytes of an argument at most, unless it is one element: it is in memory more than once.
const MAX_ARGUMENT_BYTES: usize = 4 << 20;

/// A JSON array.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) text: String,
    /// How many there are.
    pub(super) elements: usize,
}

/// JSON arrays of these elements, in their order: one, unless that would be too long.
pub(super) fn arrays(elements: impl Iterator<Item = String>) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for element in elements {
        match arrays.last_mut() {
            Some(array) if array.text.len() + element.len() < MAX_ARGUMENT_BYTES => {
                array.text.push(',');
                array.text.push_str(&element);
                array.elements += 1;
            }
            _ => arrays.push(Array {
                text: format!("[{element}"),
                elements: 1,
            }),
        }
    }
    for array in &mut arrays {
        array.text.push(']');
    }
    arrays
}

/// Argument: an array of records.
static RECORDS: LazyLock<Template> =
    LazyLock::new(|| Template::build("look up records", &select_records()));

/// Arguments: an array of records, and an array of ties. After the columns of a record comes one more
/// column, which is NULL. A row for a tied record has the record's two ids alone, and in that last column
/// the position of the tie in its array.
///
/// There is one statement for both, because over an app's driver each statement is a hop to another thread.
static RECORDS_AND_TIED: LazyLock<Template> = LazyLock::new(|| {
    let nothing = || Expr::value(Option::<String>::None);
    let mut query = select_records();
    query
        .expr(nothing())
        .union(UnionType::All, select_tied(nothing));
    Template::build("look up records and what is tied", &query)
});

/// `CROSS JOIN` makes SQLite look for each of the records, and not for each version that is stored.
fn select_records() -> SelectStatement {
    use versions::Column::{ModelType, RecordUuid};
    Query::select()
        .columns(COLUMNS.map(|column| (versions::Entity, column)))
        .from_function(elements(0), ELEMENTS)
        .cross_join(versions::Entity)
        .and_where(ModelType.into_expr().eq(part(0)))
        .and_where(RecordUuid.into_expr().eq(part(1)))
        .to_owned()
}

fn select_tied(nothing: impl Fn() -> Expr) -> SelectStatement {
    use ties::Column::{ModelType, RecordUuid, Tie};
    Query::select()
        .columns([ModelType, RecordUuid].map(|column| (ties::Entity, column)))
        .exprs((2..COLUMNS.len()).map(|_| nothing()))
        .expr(element_position())
        .from_function(elements(1), ELEMENTS)
        .cross_join(ties::Entity)
        .and_where(Tie.into_expr().eq(element()))
        .to_owned()
}

/// Arguments: the record, and how many.
static RECORDS_AFTER: LazyLock<Template> = LazyLock::new(|| {
    use versions::Column::{ModelType, RecordUuid};
    let key = [ModelType, RecordUuid].map(|column| Expr::col(column.into_column_ref()));
    let after = [argument(0), argument(1)].map(Expr::val);
    let query = versions::Entity::find()
        .select_only()
        .columns(COLUMNS)
        .filter(Expr::tuple(key).gt(Expr::tuple(after)))
        .order_by(ModelType, Order::Asc)
        .order_by(RecordUuid, Order::Asc)
        .limit(argument_rows(2));
    Template::build("read records", &query.into_query())
});

/// Argument: how many. The condition on the standing is that of the index.
static NOT_SHOWN: LazyLock<Template> = LazyLock::new(|| {
    use versions::Column::{Detail, ModelType, RecordUuid};
    let query = versions::Entity::find()
        .select_only()
        .columns([ModelType, RecordUuid, Detail])
        .filter(Expr::cust("\"standing\" = 'not_shown'"))
        .order_by(ModelType, Order::Asc)
        .order_by(RecordUuid, Order::Asc)
        .limit(argument_rows(0));
    Template::build("read what is not shown", &query.into_query())
});

/// Arguments: the two details of records that cannot be read.
static UNREADABLE: LazyLock<Template> = LazyLock::new(|| {
    let query = versions::Entity::find()
        .select_only()
        .column(versions::Column::ModelType)
        .filter(Expr::cust("\"standing\" = 'not_shown'"))
        .filter(versions::Column::Detail.is_in([argument(0), argument(1)]))
        .limit(1);
    Template::build("look for records that cannot be read", &query.into_query())
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
pub(super) fn of_elements(parts: impl IntoIterator<Item = Expr>) -> SelectStatement {
    Query::select()
        .exprs(parts)
        .from_function(elements(0), ELEMENTS)
        .and_where(Expr::val(1).eq(1))
        .to_owned()
}

#[cfg(test)]
mod tests;
