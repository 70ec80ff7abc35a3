//! Deleted records that can be forgotten.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::receive::RecordId;
use sync_log_core::{Hlc, StoreError, judge};

use super::rows::json;
use super::versions::{arrays, id_texts, of_elements, untie};
use crate::driver::build::part;
use crate::driver::failure::corrupt;
use crate::driver::{Port, Row, Template, all, argument, argument_rows};
use crate::entity::versions::{self, Column};

/// The deleted records whose highest change is at or below `up_to`, ascending by its stamp and then by
/// record, those after `after`.
pub(super) async fn up_to(
    db: &impl Port,
    after: Option<&(RecordId, Hlc)>,
    up_to: Hlc,
    limit: usize,
) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
    let up_to = up_to.to_text();
    // No stamp has an empty text, so that all records are after it.
    let (stamp, model_type, record_uuid) = match after {
        Some((id, hlc)) => {
            let (model_type, record_uuid) = id_texts(id);
            (hlc.to_string(), model_type, record_uuid)
        }
        None => (String::new(), "", String::new()),
    };
    let arguments = [
        (&stamp).into(),
        model_type.into(),
        (&record_uuid).into(),
        up_to.as_str().into(),
        limit.into(),
    ];
    all(db, &READ, &arguments, deleted).await
}

/// Removes records and their ties.
pub(super) async fn forget(db: &impl Port, deleted: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
    untie(db, deleted.iter().map(|(id, _)| id)).await?;
    for array in arrays(deleted.iter().map(|(id, _)| json(&id_texts(id)))) {
        db.run(&FORGET, &[(&array.text).into()]).await?;
    }
    Ok(())
}

fn deleted(row: &Row<'_>) -> Result<(RecordId, Hlc), StoreError> {
    let damaged = |column| {
        let key = row.text(1).unwrap_or_default();
        corrupt("sync_log_versions", &key, column)
    };
    let model_type = row.text(0).ok_or_else(|| damaged("model_type"))?;
    let record_uuid = judge::record_uuid(row.text(1).as_deref());
    let record_uuid = record_uuid.map_err(|_| damaged("record_uuid"))?;
    let hlc = row.text(2).and_then(|text| text.parse().ok());
    let id = RecordId::new(model_type, record_uuid);
    Ok((id, hlc.ok_or_else(|| damaged("hlc"))?))
}

/// Arguments: a record with its stamp first, a stamp, and how many. The condition on the standing is that
/// of the index.
static READ: LazyLock<Template> = LazyLock::new(|| {
    let key = [Column::Hlc, Column::ModelType, Column::RecordUuid];
    let key = key.map(|column| Expr::col(column.into_column_ref()));
    let after = [argument(0), argument(1), argument(2)].map(Expr::val);
    let query = versions::Entity::find()
        .select_only()
        .columns([Column::ModelType, Column::RecordUuid, Column::Hlc])
        .filter(Expr::cust("\"standing\" = 'deleted'"))
        .filter(Expr::tuple(key).gt(Expr::tuple(after)))
        .filter(Column::Hlc.into_expr().lte(argument(3)))
        .order_by(Column::Hlc, Order::Asc)
        .order_by(Column::ModelType, Order::Asc)
        .order_by(Column::RecordUuid, Order::Asc)
        .limit(argument_rows(4));
    Template::build("look for what can be forgotten", &query.into_query())
});

/// Argument: an array of records.
static FORGET: LazyLock<Template> = LazyLock::new(|| {
    let record = [Column::ModelType, Column::RecordUuid];
    let record = record.map(|column| Expr::col(column.into_column_ref()));
    let these = of_elements([part(0), part(1)]);
    let delete = versions::Entity::delete_many();
    let delete = delete.filter(Expr::tuple(record).in_subquery(these));
    Template::build("forget deleted records", &delete.into_query())
});
