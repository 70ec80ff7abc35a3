//! What is known of the logs of other devices, beside how far they were applied: `sync_log_origins`.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::{DeviceId, Hlc, StoreError, parse_uuid};

use crate::driver::build::insert;
use crate::driver::failure::corrupt;
use crate::driver::{Port, Row, Template, all, argument};
use crate::entity::origins::{Column, Entity};
use crate::entity::time;

/// What is known of the log of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) device_id: DeviceId,
    /// The highest head that a page named.
    pub(super) head: Hlc,
    /// When a page named it, or was refused.
    pub(super) last_page_at_ms: i64,
    /// The stamp for which the last page was refused.
    pub(super) refused: Option<Hlc>,
}

/// All of them, by device.
pub(super) async fn all_of_them(db: &impl Port) -> Result<Vec<Origin>, StoreError> {
    all(db, &READ_ALL, &[], origin).await
}

/// Stores what a page said that was applied. A page that says nothing new changes nothing, so that it does not
/// cost a write.
pub(super) async fn applied(
    db: &impl Port,
    origin: DeviceId,
    head: Hlc,
    now_ms: i64,
) -> Result<(), StoreError> {
    let origin = origin.to_string();
    let head = head.to_text();
    let at = time::to_text(now_ms);
    let row = [(&origin).into(), head.as_str().into(), (&at).into()];
    db.run(&APPLIED, &row).await.map(drop)
}

/// Stores that a page was refused for this stamp. The same refusal again changes nothing.
pub(super) async fn refused(
    db: &impl Port,
    origin: DeviceId,
    refused: Hlc,
    now_ms: i64,
) -> Result<(), StoreError> {
    let origin = origin.to_string();
    let no_head = Hlc::ZERO.to_text();
    let at = time::to_text(now_ms);
    let refused = refused.to_text();
    let row = [
        (&origin).into(),
        no_head.as_str().into(),
        (&at).into(),
        refused.as_str().into(),
    ];
    db.run(&REFUSED, &row).await.map(drop)
}

fn origin(row: &Row<'_>) -> Result<Origin, StoreError> {
    let origin = row.text(0).unwrap_or_default();
    let damaged = |column| corrupt("sync_log_origins", &origin, column);
    let id = parse_uuid(&origin).ok_or_else(|| damaged("origin"))?;
    let head = row.text(1).and_then(|text| text.parse().ok());
    let at_ms = row.text(2).and_then(|text| time::from_text(&text));
    let refused = row.text(3).map(|text| text.parse()).transpose();
    Ok(Origin {
        device_id: id.into(),
        head: head.ok_or_else(|| damaged("head"))?,
        last_page_at_ms: at_ms.ok_or_else(|| damaged("last_page_at"))?,
        refused: refused.map_err(|_| damaged("refused"))?,
    })
}

const COLUMNS: [Column; 4] = [
    Column::Origin,
    Column::Head,
    Column::LastPageAt,
    Column::Refused,
];

static READ_ALL: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find().select_only().columns(COLUMNS);
    let query = query.order_by(Column::Origin, Order::Asc);
    Template::build("read what is known of other devices", &query.into_query())
});

/// Arguments: the device, the head and the time. A page may be older than one before it, so the head only
/// rises.
static APPLIED: LazyLock<Template> = LazyLock::new(|| {
    let head = Column::Head.into_expr();
    let highest = Func::cust("max").args([head.clone(), Expr::val(argument(1))]);
    let is_news = head.lt(argument(1)).or(Column::Refused.is_not_null());
    let replaced = OnConflict::column(Column::Origin)
        .value(Column::Head, highest)
        .value(Column::LastPageAt, Expr::val(argument(2)))
        .value(Column::Refused, Expr::null())
        .action_and_where(is_news)
        .to_owned();
    let write = insert::<Entity>(&COLUMNS[..3])
        .on_conflict(replaced)
        .to_owned();
    Template::build("store what a page said of its origin", &write)
});

/// Arguments: the device, the zero stamp, the time and the stamp that was refused.
static REFUSED: LazyLock<Template> = LazyLock::new(|| {
    let refused = Column::Refused;
    let is_news = refused.is_null().or(refused.ne(argument(3)));
    let replaced = OnConflict::column(Column::Origin)
        .update_columns([Column::LastPageAt, Column::Refused])
        .action_and_where(is_news)
        .to_owned();
    let write = insert::<Entity>(&COLUMNS).on_conflict(replaced).to_owned();
    Template::build("store that a page was refused", &write)
});
