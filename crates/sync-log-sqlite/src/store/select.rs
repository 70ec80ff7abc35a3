//! The statements that read.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, JoinType, Order, Query, SelectStatement, UpdateStatement,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::{
    DeviceId, EntrySummary, Extent, Hlc, LogIdentity, LogState, Mark, PeerRow, ReadRequest,
    StoreError, SumUp,
};

use super::chain;
use crate::driver::build::octet_length;
use crate::driver::{Port, Row, Template, all, argument, argument_rows, first, one};
use crate::entity::{entries, identity, peer_acks, peers, shared_changes, state};
use crate::store::rows::{self, Columns, IDENTITY, MARK, MIRROR, PEER, STATE, SUMMARY};

/// Where the log stands.
pub(crate) async fn state(db: &impl Port) -> Result<LogState, StoreError> {
    one(db, &READ_STATE, &[], |row| {
        rows::state(&mut Columns::of(row))
    })
    .await
}

/// Where the log stands and the text of another table, in the row that [`lock_state`] returns.
pub(crate) fn locked_state(row: &Row<'_>) -> Result<(LogState, Option<String>), StoreError> {
    let columns = &mut Columns::of(row);
    let _id = columns.cell();
    let state = rows::state(columns)?;
    let found = columns.any_or_null();
    Ok((state, found.map(Cow::into_owned)))
}

/// Writes the row of the state as it is, and returns its id, what [`select_state`] selects, and then the text
/// that `beside` selects. Over an app's driver each statement is a hop to another thread, so this is one.
pub(crate) fn lock_state(beside: SelectStatement) -> UpdateStatement {
    use state::Column::Id;
    let sub_query = |query: SelectStatement| Expr::SubQuery(None, Box::new(query.into()));
    let identity = IDENTITY.map(|column| {
        let query = identity::Entity::find().select_only().column(column);
        sub_query(query.filter(identity::Column::Id.eq(1)).into_query())
    });
    let state = STATE.map(|column| Expr::col(column.into_column_ref()));
    let id = [Expr::col(Id)];
    let found = id.into_iter().chain(identity).chain(state);
    let found = found.chain([sub_query(beside)]);
    let update = state::Entity::update_many().col_expr(Id, Id.into_expr());
    let mut update = update.filter(Id.eq(1)).into_query();
    update.returning(Query::returning().exprs(found));
    update
}

/// Whose log it is, if that is on record.
pub(crate) async fn identity(db: &impl Port) -> Result<Option<LogIdentity>, StoreError> {
    let read = |row: &Row<'_>| rows::identity(&mut Columns::of(row));
    first(db, &READ_IDENTITY, &[], read).await
}

/// Everything that core needs to judge a reader.
pub(super) struct Standing {
    pub(super) state: LogState,
    pub(super) before: Option<Mark>,
    pub(super) peer: Option<PeerRow>,
}

pub(super) async fn standing(
    db: &impl Port,
    request: &ReadRequest,
) -> Result<Standing, StoreError> {
    let peer = request.peer.map(|peer| peer.to_string());
    let after = request.after.to_text();
    let arguments = [after.as_str().into(), peer.as_ref().into()];
    one(db, &READ_STANDING, &arguments, |row| {
        let columns = &mut Columns::of(row);
        Ok(Standing {
            state: rows::state(columns)?,
            before: rows::mark(columns),
            peer: rows::peer(columns),
        })
    })
    .await
}

pub(super) async fn peer(db: &impl Port, peer: DeviceId) -> Result<Option<PeerRow>, StoreError> {
    let peer = peer.to_string();
    let read = |row: &Row<'_>| Ok(rows::peer(&mut Columns::of(row)));
    one(db, &READ_PEER, &[(&peer).into()], read).await
}

pub(crate) async fn peers(db: &impl Port) -> Result<Vec<PeerRow>, StoreError> {
    let read = |row: &Row<'_>| Ok(rows::peer(&mut Columns::of(row)));
    let found = all(db, &READ_PEERS, &[], read).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The oldest entries, without payload.
pub(super) async fn oldest(db: &impl Port, count: usize) -> Result<Vec<EntrySummary>, StoreError> {
    all(db, &READ_OLDEST, &[count.into()], |row| {
        rows::summary(&mut Columns::of(row))
    })
    .await
}

/// How much lies above each position, in one pass over the entries.
///
/// A row whose stamp cannot be read counts as if it were at the stamp before it. To read or to prune
/// that row finds the damage; a sum need not fail. Only the oldest entry has to be readable.
pub(super) async fn extents(db: &impl Port, positions: &[Hlc]) -> Result<Vec<Extent>, StoreError> {
    let mut sum = SumUp::above(positions);
    let Some(lowest) = sum.lowest() else {
        return Ok(Vec::new());
    };
    let lowest = lowest.to_text();
    let mut last = None;
    db.rows(&SIZES, &[lowest.as_str().into()], |row| {
        let found = rows::summary(&mut Columns::of(row));
        let entry = found.or_else(|error| last.ok_or(error))?;
        let bytes = row.integer(SUMMARY.len()).unwrap_or_default();
        sum.take(
            entry.hlc,
            u64::try_from(bytes).unwrap_or_default(),
            entry.created_at_ms,
        );
        last = Some(entry);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(sum.extents())
}

static READ_IDENTITY: LazyLock<Template> = LazyLock::new(|| {
    let query = identity::Entity::find().select_only().columns(IDENTITY);
    Template::build("read whose log it is", &query.into_query())
});

static READ_STATE: LazyLock<Template> =
    LazyLock::new(|| Template::build("read the state", &select_state()));

/// The one row of the identity with that of the state.
fn select_state() -> SelectStatement {
    let query = identity::Entity::find().select_only().columns(IDENTITY);
    let mut query = query.into_query();
    query
        .join(
            JoinType::InnerJoin,
            state::Entity,
            state::Column::Id
                .into_expr()
                .equals((identity::Entity, identity::Column::Id)),
        )
        .columns(STATE.map(|column| column.as_column_ref()));
    query
}

/// Arguments: a stamp, and a peer.
static READ_STANDING: LazyLock<Template> = LazyLock::new(|| {
    let mut query = select_state();
    query
        .join(
            JoinType::LeftJoin,
            entries::Entity,
            chain::is_newest_up_to(0),
        )
        .columns(MARK.map(|column| column.as_column_ref()));
    join_peer(&mut query, 1);
    Template::build("read where the log stands", &query)
});

/// Argument: a peer. It does not join all peers, because an ack must not cost more if there are
/// more peers.
static READ_PEER: LazyLock<Template> = LazyLock::new(|| {
    let mut query = state::Entity::find().select_only().into_query();
    join_peer(&mut query, 0);
    Template::build("read a peer", &query)
});

/// Adds both rows of the peer that is this argument, where there are any.
fn join_peer(query: &mut SelectStatement, peer: u64) {
    query
        .join(
            JoinType::LeftJoin,
            peer_acks::Entity,
            peer_acks::Column::PeerDeviceId.eq(argument(peer)),
        )
        .join(
            JoinType::LeftJoin,
            peers::Entity,
            peers::Column::PeerDeviceId.eq(argument(peer)),
        )
        .columns(MIRROR.map(|column| column.as_column_ref()))
        .columns(PEER.map(|column| column.as_column_ref()));
}

static READ_PEERS: LazyLock<Template> = LazyLock::new(|| {
    let mut query = peer_acks::Entity::find()
        .select_only()
        .columns(MIRROR)
        .into_query();
    let acked = peer_acks::Column::PeerDeviceId.into_expr();
    let known = peers::Column::PeerDeviceId.into_expr();
    query
        .join(
            JoinType::FullOuterJoin,
            peers::Entity,
            known
                .clone()
                .equals((peer_acks::Entity, peer_acks::Column::PeerDeviceId)),
        )
        .columns(PEER.map(|column| column.as_column_ref()))
        .order_by_expr(Func::coalesce([acked, known]).into(), Order::Asc);
    Template::build("read the peers", &query)
});

/// Argument: how many.
static READ_OLDEST: LazyLock<Template> = LazyLock::new(|| {
    let query = shared_changes::Entity::find()
        .select_only()
        .columns(SUMMARY)
        .order_by_asc(shared_changes::Column::Hlc)
        .limit(argument_rows(0));
    Template::build("list entries", &query.into_query())
});

/// Argument: a stamp. Entries after it, ascending, without payload, and the bytes of their content.
static SIZES: LazyLock<Template> = LazyLock::new(|| {
    let content = octet_length(shared_changes::Column::ModelType)
        .add(octet_length(shared_changes::Column::Data));
    let mut query = shared_changes::Entity::find()
        .select_only()
        .columns(SUMMARY)
        .filter(shared_changes::Column::Hlc.gt(argument(0)))
        .order_by_asc(shared_changes::Column::Hlc)
        .into_query();
    query.expr(content);
    Template::build("sum up entries", &query)
});
