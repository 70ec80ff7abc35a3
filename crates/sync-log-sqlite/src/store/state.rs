//! The statements that write whose log it is, and where it stands.

use std::sync::LazyLock;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};
use sync_log_core::{LogIdentity, LogState, Mark, StoreError};

use crate::driver::build::insert;
use crate::driver::{Argument, Port, Template, argument};
use crate::entity::{identity, state, time};

/// Stores whose log it is and its state, in a database whose tables were made at `now_ms`.
pub(crate) async fn begin(db: &impl Port, state: &LogState, now_ms: i64) -> Result<(), StoreError> {
    identify(db, state.identity, now_ms).await?;
    begin_state(db, state).await
}

/// Writes where the log stands.
///
/// `before` is the head of the state that was read. Under the write lock only another call in the same
/// transaction can have moved it since.
pub(crate) async fn write(
    db: &impl Port,
    before: Mark,
    state: &LogState,
) -> Result<(), StoreError> {
    let before = before.hlc.to_text();
    let [head, floor, high_water, settled] = [
        state.head.hlc,
        state.floor.hlc,
        state.high_water,
        state.settled,
    ]
    .map(|hlc| hlc.to_text());
    let [head_tag, floor_tag] = [state.head, state.floor].map(|mark| mark.tag.to_string());
    let altered_at = state.altered.map(|altered| altered.hlc.to_string());
    let arguments = [
        head.as_str().into(),
        (&head_tag).into(),
        floor.as_str().into(),
        (&floor_tag).into(),
        high_water.as_str().into(),
        settled.as_str().into(),
        state.solo.into(),
        state.peers_declared.into(),
        state.with_records.into(),
        altered_at.as_ref().into(),
        state.altered.map(|altered| altered.fault.as_str()).into(),
        before.as_str().into(),
    ];
    db.change_row(&UPDATE_STATE, &arguments).await
}

/// Ends solo, as every registration does.
pub(crate) async fn end_solo(db: &impl Port) -> Result<(), StoreError> {
    db.run(&END_SOLO, &[]).await.map(drop)
}

async fn identify(db: &impl Port, identity: LogIdentity, now_ms: i64) -> Result<(), StoreError> {
    let library = identity.library_id.to_string();
    let device = identity.device_id.to_string();
    let log = identity.log_id.to_string();
    let now = time::to_text(now_ms);
    let row = [
        Argument::Integer(1),
        (&library).into(),
        (&device).into(),
        (&log).into(),
        (&now).into(),
    ];
    db.run(&IDENTIFY, &row).await.map(drop)
}

static IDENTIFY: LazyLock<Template> = LazyLock::new(|| {
    use identity::Column::{CreatedAt, DeviceId, Id, LibraryId, LogId};
    let insert = insert::<identity::Entity>(&[Id, LibraryId, DeviceId, LogId, CreatedAt]);
    Template::build("put on record whose log it is", &insert)
});

async fn begin_state(db: &impl Port, state: &LogState) -> Result<(), StoreError> {
    let [head, floor] = [state.head, state.floor].map(|mark| mark.hlc.to_string());
    let [head_tag, floor_tag] = [state.head, state.floor].map(|mark| mark.tag.to_string());
    let [high_water, settled] = [state.high_water, state.settled].map(|hlc| hlc.to_string());
    let row = [
        Argument::Integer(1),
        (&head).into(),
        (&head_tag).into(),
        (&floor).into(),
        (&floor_tag).into(),
        (&high_water).into(),
        (&settled).into(),
    ];
    db.run(&BEGIN_STATE, &row).await.map(drop)
}

static BEGIN_STATE: LazyLock<Template> = LazyLock::new(|| {
    use state::Column::{Floor, FloorTag, Head, HeadTag, HighWater, Id, Settled};
    let columns = [Id, Head, HeadTag, Floor, FloorTag, HighWater, Settled];
    let insert = insert::<state::Entity>(&columns);
    Template::build("put on record where the log stands", &insert)
});

/// Arguments: the columns, in the order in which they are named here.
static UPDATE_STATE: LazyLock<Template> = LazyLock::new(|| {
    use state::Column::{
        Altered, AlteredAt, Floor, FloorTag, Head, HeadTag, HighWater, Id, PeersDeclared, Settled,
        Solo, WithRecords,
    };
    let update = state::Entity::update_many()
        .col_expr(Head, Expr::val(argument(0)))
        .col_expr(HeadTag, Expr::val(argument(1)))
        .col_expr(Floor, Expr::val(argument(2)))
        .col_expr(FloorTag, Expr::val(argument(3)))
        .col_expr(HighWater, Expr::val(argument(4)))
        .col_expr(Settled, Expr::val(argument(5)))
        .col_expr(Solo, Expr::val(argument(6)))
        .col_expr(PeersDeclared, Expr::val(argument(7)))
        .col_expr(WithRecords, Expr::val(argument(8)))
        .col_expr(AlteredAt, Expr::val(argument(9)))
        .col_expr(Altered, Expr::val(argument(10)))
        .filter(Id.eq(1))
        .filter(Head.eq(argument(11)));
    Template::build("write the state", &update.into_query())
});

static END_SOLO: LazyLock<Template> = LazyLock::new(|| {
    let update = state::Entity::update_many()
        .col_expr(state::Column::Solo, Expr::val(0))
        .filter(state::Column::Id.eq(1));
    Template::build("end solo", &update.into_query())
});
