//! The statements about signs that a file was restored or cloned.

use std::sync::LazyLock;

use sea_orm::{EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{DeviceId, Hlc, StoreError, Verdict, VerdictKind, parse_uuid};

use crate::driver::build::upsert;
use crate::driver::{Port, Row, Template, all};
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
    Some(Verdict {
        kind: VerdictKind::from_stored(&row.text(0)?)?,
        hlc,
        peer: row
            .text(2)
            .as_deref()
            .and_then(parse_uuid)
            .map(DeviceId::from),
        found_at_ms: time::from_text(&row.text(3)?)?,
    })
}

/// Stores a verdict, and replaces another one of its kind.
pub(super) async fn keep(db: &impl Port, verdict: Verdict) -> Result<(), StoreError> {
    let hlc = verdict.hlc.to_text();
    let peer = verdict.peer.map(|peer| peer.to_string());
    let found_at = time::to_text(verdict.found_at_ms);
    let row = [
        verdict.kind.as_str().into(),
        hlc.as_str().into(),
        peer.as_ref().into(),
        (&found_at).into(),
    ];
    db.run(&KEEP, &row).await.map(drop)
}

/// Deletes all verdicts.
pub(super) async fn dismiss(db: &impl Port) -> Result<(), StoreError> {
    db.run(&DISMISS, &[]).await.map(drop)
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

static DISMISS: LazyLock<Template> = LazyLock::new(|| {
    let dismiss = verdicts::Entity::delete_many();
    Template::build("dismiss the verdicts", &dismiss.into_query())
});
