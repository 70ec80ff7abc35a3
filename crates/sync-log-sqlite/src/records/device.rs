//! What a receiver knows of its own device: the row of `sync_log_receiver`.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::receive::{Found, Wanted};
use sync_log_core::{DeviceId, Hlc, LibraryId, LogState, StoreError, parse_uuid};

use crate::driver::build::insert;
use crate::driver::failure::corrupt;
use crate::driver::{Argument, Port, Row, Template, argument, first};
use crate::entity::receiver::{Column, Entity};
use crate::store::select;

use super::versions;

/// The row. A stamp that was never set is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) library_id: LibraryId,
    pub(super) device_id: DeviceId,
    pub(super) has_outbox: bool,
    pub(super) issued: Hlc,
    pub(super) observed: Hlc,
    pub(super) cleared: Hlc,
    pub(super) forgotten: Hlc,
    pub(super) unversioned: Hlc,
    /// How the app's models read payloads.
    pub(super) models: String,
}

impl Device {
    /// A device that has neither given out nor received a stamp.
    pub(super) const fn new(library_id: LibraryId, device_id: DeviceId, has_outbox: bool) -> Self {
        Self {
            library_id,
            device_id,
            has_outbox,
            issued: Hlc::ZERO,
            observed: Hlc::ZERO,
            cleared: Hlc::ZERO,
            forgotten: Hlc::ZERO,
            unversioned: Hlc::ZERO,
            models: String::new(),
        }
    }
}

/// Reads the row, if there is one.
pub(super) async fn read(db: &impl Port) -> Result<Option<Device>, StoreError> {
    first(db, &READ, &[], device).await
}

/// Inserts the row.
pub(super) async fn make(db: &impl Port, device: &Device) -> Result<(), StoreError> {
    let library = device.library_id.to_string();
    let id = device.device_id.to_string();
    let stamps = Stamps::of(device);
    let mut row = vec![
        Argument::Integer(1),
        (&library).into(),
        (&id).into(),
        device.has_outbox.into(),
    ];
    row.extend(stamps.arguments());
    row.push((&device.models).into());
    db.run(&MAKE, &row).await.map(drop)
}

/// Updates the row, except for the ids and the layout.
pub(super) async fn write(db: &impl Port, device: &Device) -> Result<(), StoreError> {
    let stamps = Stamps::of(device);
    let mut columns = stamps.arguments().to_vec();
    columns.push((&device.models).into());
    db.run(&WRITE, &columns).await.map(drop)
}

/// Writes the row unchanged, which takes the write lock. Returns the row, and what is found.
pub(super) async fn lock(
    db: &impl Port,
    wanted: &Wanted,
) -> Result<(Option<Device>, Found), StoreError> {
    versions::look_up_after(db, &LOCK, wanted, device).await
}

/// Takes the write lock of a database that has the log, too. Returns where the log stands with the models with
/// which the records were opened last, and what is found.
pub(super) async fn lock_beside(
    db: &impl Port,
    wanted: &Wanted,
) -> Result<(Option<(LogState, Option<String>)>, Found), StoreError> {
    versions::look_up_after(db, &LOCK_BESIDE, wanted, select::locked_state).await
}

/// Raises one stamp to at least this one.
pub(super) async fn raise(db: &impl Port, column: Raised, to: Hlc) -> Result<(), StoreError> {
    let to = to.to_text();
    let to = [to.as_str().into()];
    let raise: &Template = match column {
        Raised::Issued => &RAISE_ISSUED,
        Raised::Observed => &RAISE_OBSERVED,
        Raised::Cleared => &RAISE_CLEARED,
        Raised::Forgotten => &RAISE_FORGOTTEN,
    };
    db.run(raise, &to).await.map(drop)
}

/// Stores that no own changes are missing from the records any more.
pub(super) async fn set_versioned(db: &impl Port) -> Result<(), StoreError> {
    let zero = Hlc::ZERO.to_text();
    let zero = [zero.as_str().into()];
    db.run(&SET_VERSIONED, &zero).await.map(drop)
}

/// The stamps that only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raised {
    Issued,
    Observed,
    Cleared,
    Forgotten,
}

/// The stamps of a row, as text.
struct Stamps([String; 5]);

impl Stamps {
    fn of(device: &Device) -> Self {
        let stamps = [
            device.issued,
            device.observed,
            device.cleared,
            device.forgotten,
            device.unversioned,
        ];
        Self(stamps.map(|hlc| hlc.to_string()))
    }

    fn arguments(&self) -> [Argument<'_>; 5] {
        self.0.each_ref().map(Argument::from)
    }
}

const COLUMNS: [Column; 10] = [
    Column::Id,
    Column::LibraryId,
    Column::DeviceId,
    Column::HasOutbox,
    Column::Issued,
    Column::Observed,
    Column::Cleared,
    Column::Forgotten,
    Column::Unversioned,
    Column::Models,
];

fn device(row: &Row<'_>) -> Result<Device, StoreError> {
    let damaged = |position: usize| corrupt("sync_log_receiver", "1", COLUMNS[position].as_str());
    let id = |position| {
        let id = row.text(position).and_then(|text| parse_uuid(&text));
        id.ok_or_else(|| damaged(position))
    };
    let stamp = |position| {
        let stamp = row.text(position).and_then(|text| text.parse::<Hlc>().ok());
        stamp.ok_or_else(|| damaged(position))
    };
    Ok(Device {
        library_id: id(1)?.into(),
        device_id: id(2)?.into(),
        has_outbox: row.is_true(3),
        issued: stamp(4)?,
        observed: stamp(5)?,
        cleared: stamp(6)?,
        forgotten: stamp(7)?,
        unversioned: stamp(8)?,
        models: row.text(9).unwrap_or_default().into_owned(),
    })
}

static READ: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find().select_only().columns(COLUMNS);
    Template::build("read whose records these are", &query.into_query())
});

static MAKE: LazyLock<Template> = LazyLock::new(|| {
    Template::build(
        "put on record whose records these are",
        &insert::<Entity>(&COLUMNS),
    )
});

static WRITE: LazyLock<Template> = LazyLock::new(|| {
    let columns = COLUMNS[4..].iter().zip(0..);
    let update = columns.fold(Entity::update_many(), |update, (column, position)| {
        update.col_expr(*column, Expr::val(argument(position)))
    });
    let update = update.filter(Column::Id.eq(1));
    Template::build("write how far the records have come", &update.into_query())
});

static LOCK: LazyLock<Template> = LazyLock::new(|| {
    let update = Entity::update_many()
        .col_expr(Column::Id, Column::Id.into_expr())
        .filter(Column::Id.eq(1));
    let mut update = update.into_query();
    update.returning(Query::returning().columns(COLUMNS));
    Template::build("take the write lock", &update)
});

static LOCK_BESIDE: LazyLock<Template> = LazyLock::new(|| {
    let models = Entity::find().select_only().column(Column::Models);
    let models = models.filter(Column::Id.eq(1)).into_query();
    Template::build("take the write lock", &select::lock_state(models))
});

/// Argument: the zero stamp.
static SET_VERSIONED: LazyLock<Template> = LazyLock::new(|| {
    let update = Entity::update_many()
        .col_expr(Column::Unversioned, Expr::val(argument(0)))
        .filter(Column::Id.eq(1));
    Template::build("write how far the records have come", &update.into_query())
});

static RAISE_ISSUED: LazyLock<Template> = LazyLock::new(|| raised(Column::Issued));
static RAISE_OBSERVED: LazyLock<Template> = LazyLock::new(|| raised(Column::Observed));
static RAISE_CLEARED: LazyLock<Template> = LazyLock::new(|| raised(Column::Cleared));
static RAISE_FORGOTTEN: LazyLock<Template> = LazyLock::new(|| raised(Column::Forgotten));

/// Argument: the stamp.
fn raised(column: Column) -> Template {
    let update = Entity::update_many()
        .col_expr(column, Expr::val(argument(0)))
        .filter(Column::Id.eq(1))
        .filter(column.into_expr().lt(argument(0)));
    Template::build("write how far the records have come", &update.into_query())
}
