//! How far the logs of other devices were applied: `sync_log_watermarks`, and its mirror for other
//! programs.

use std::sync::LazyLock;

use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::{Cursor, DeviceId, StoreError, parse_uuid};

use crate::driver::build::{insert, upsert};
use crate::driver::failure::corrupt;
use crate::driver::{Port, Row, Template, all, argument, first};
use crate::entity::{peer_received_watermarks as mirror, time, watermarks};

/// How far the log of one device was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watermark {
    /// The device.
    pub(super) origin: DeviceId,
    /// The cursor up to which the log of that device was applied.
    pub(super) cursor: Cursor,
    /// When the watermark moved to that cursor, in ms since the Unix epoch.
    pub(super) at_ms: i64,
}

/// The watermark of one device, if a page of that device was ever applied.
pub(super) async fn of(db: &impl Port, origin: DeviceId) -> Result<Option<Watermark>, StoreError> {
    let origin = origin.to_string();
    first(db, &READ, &[(&origin).into()], watermark).await
}

/// All watermarks, by device.
pub(super) async fn all_of_them(db: &impl Port) -> Result<Vec<Watermark>, StoreError> {
    all(db, &READ_ALL, &[], watermark).await
}

/// Moves a watermark. `own` is the device that receives.
pub(super) async fn write(
    db: &impl Port,
    own: DeviceId,
    moved: Watermark,
) -> Result<(), StoreError> {
    let own = own.to_string();
    let origin = moved.origin.to_string();
    let cursor = moved.cursor.to_string();
    let hlc = moved.cursor.hlc().to_string();
    let at = time::to_text(moved.at_ms);
    let row = [(&origin).into(), (&cursor).into(), (&at).into()];
    db.run(&WRITE, &row).await?;
    let mirrored = [(&own).into(), (&origin).into(), (&hlc).into(), (&at).into()];
    db.run(&WRITE_MIRROR, &mirrored).await.map(drop)
}

fn watermark(row: &Row<'_>) -> Result<Watermark, StoreError> {
    let origin = row.text(0).unwrap_or_default();
    let damaged = |column| corrupt("sync_log_watermarks", &origin, column);
    let id = parse_uuid(&origin).ok_or_else(|| damaged("origin"))?;
    let cursor = row.text(1).and_then(|text| text.parse().ok());
    let at_ms = row.text(2).and_then(|text| time::from_text(&text));
    Ok(Watermark {
        origin: id.into(),
        cursor: cursor.ok_or_else(|| damaged("cursor"))?,
        at_ms: at_ms.ok_or_else(|| damaged("updated_at"))?,
    })
}

const COLUMNS: [watermarks::Column; 3] = [
    watermarks::Column::Origin,
    watermarks::Column::Cursor,
    watermarks::Column::UpdatedAt,
];

static READ: LazyLock<Template> = LazyLock::new(|| {
    let query = watermarks::Entity::find().select_only().columns(COLUMNS);
    let query = query.filter(watermarks::Column::Origin.eq(argument(0)));
    Template::build("read a watermark", &query.into_query())
});

static READ_ALL: LazyLock<Template> = LazyLock::new(|| {
    let query = watermarks::Entity::find().select_only().columns(COLUMNS);
    let query = query.order_by(watermarks::Column::Origin, Order::Asc);
    Template::build("read the watermarks", &query.into_query())
});

static WRITE: LazyLock<Template> = LazyLock::new(|| {
    let write = upsert::<watermarks::Entity>(watermarks::Column::Origin, &COLUMNS);
    Template::build("move a watermark", &write)
});

static WRITE_MIRROR: LazyLock<Template> = LazyLock::new(|| {
    use mirror::Column::{DeviceUuid, MaxReceivedHlc, PeerDeviceUuid, UpdatedAt};
    let moved = OnConflict::columns([DeviceUuid, PeerDeviceUuid])
        .update_columns([MaxReceivedHlc, UpdatedAt])
        .to_owned();
    let columns = [DeviceUuid, PeerDeviceUuid, MaxReceivedHlc, UpdatedAt];
    let write = insert::<mirror::Entity>(&columns)
        .on_conflict(moved)
        .to_owned();
    Template::build("move a watermark", &write)
});
