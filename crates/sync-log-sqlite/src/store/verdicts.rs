//! The statements about signs that a file was restored or cloned.

use std::sync::LazyLock;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{DeviceId, Hlc, StoreError, Verdict, VerdictKind, parse_uuid};

use crate::driver::build::upsert;
use crate::driver::{Port, Row, Template, all, argument};
use crate::entity::time;
use crate::entity::verdicts;

/// Returns the stored verdicts. A verdict that cannot be read is skipped: if it is still true, it
/// is found again.
pub(super) async fn read(db: &impl Port) -> Result<Vec<Verdict>, StoreError> {
    let found = all(db, &READ, &[], |row| Ok(verdict(row))).await?;
    Ok(found.into_iter().flatten().collect())
}

fn verdict(row: &Row<'_>) -> Option<Verdict> {
    let hlc: Hlc = row.text(1)?.parse().ok()?;
    let peer = match row.text(2) {
        Some(peer) => Some(DeviceId::from(parse_uuid(&peer)?)),
        None => None,
    };
    Some(Verdict {
        kind: VerdictKind::from_stored(&row.text(0)?)?,
        hlc,
        peer,
        found_at_ms: time::from_text(&row.text(3)?)?,
    })
}

/// Stores a verdict, and replaces another one of its kind.
pub(super) async fn keep(db: &impl Port, verdict: Verdict) -> Result<(), StoreError> {
    run(db, &KEEP, verdict).await
}

/// Deletes a verdict, unless another one of its kind is stored.
pub(super) async fn dismiss(db: &impl Port, verdict: Verdict) -> Result<(), StoreError> {
    run(db, &DISMISS, verdict).await
}

async fn run(db: &impl Port, statement: &Template, verdict: Verdict) -> Result<(), StoreError> {
    let hlc = verdict.hlc.to_text();
    let peer = verdict.peer.map(|peer| peer.to_string());
    let found_at = time::to_text(verdict.found_at_ms);
    let row = [
        verdict.kind.as_str().into(),
        hlc.as_str().into(),
        peer.as_ref().into(),
        (&found_at).into(),
    ];
    db.run(statement, &row).await.map(drop)
}

/// The columns, in the order in which they are read and written.
const COLUMNS: [verdicts::Column; 4] = [
    verdicts::Column::Kind,
    verdicts::Column::Hlc,
    verdicts::Column::Peer,
    verdicts::Column::FoundAt,
];

static READ: LazyLock<Template> = LazyLock::new(|| {
    let query = verdicts::Entity::find().select_only().columns(COLUMNS);
    Template::build("read the verdicts", &query.into_query())
});

/// Arguments: the columns.
static KEEP: LazyLock<Template> = LazyLock::new(|| {
    let keep = upsert::<verdicts::Entity>(verdicts::Column::Kind, &COLUMNS);
    Template::build("keep a verdict", &keep)
});

/// Arguments: the columns.
static DISMISS: LazyLock<Template> = LazyLock::new(|| {
    let mut dismiss = verdicts::Entity::delete_many();
    for (column, number) in COLUMNS.into_iter().zip(0..) {
        // Unlike `=`, this holds where both are NULL.
        let is_seen = column.into_expr().is(argument(number));
        dismiss = dismiss.filter(is_seen);
    }
    Template::build("dismiss a verdict", &dismiss.into_query())
});
