//! What another program wrote becomes a log that this one can vouch for (`I3`, `I4`).
//!
//! Of a file of an earlier program, or of one of ours that a program wrote to which
//! knows the original tables only. Own, sound entries stay where they are; all other
//! rows go aside, byte for byte. No place that a reader had is one any more: what
//! was deleted is not known, so the log gets another id and begins just below its
//! oldest entry. Acks are kept, and not believed.

mod acks;
mod changes;
pub(crate) mod fit;

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::hlc::{CEILING_MS, DriftLimits};
use sync_log_core::{Hlc, LogState, StoreError, Tag, Uuid};

use crate::driver::build::insert;
use crate::driver::{Argument, Cell, Port, Template, argument, first};
use crate::entity::{adoptions, identity, shared_changes, state};
use crate::migration;
use crate::raw::catalogue::{ORIGINAL_TABLES, TABLES_NAMED};
use crate::raw::pragma::SCHEMA_VERSION;
use crate::raw::triggers;
use crate::store::select;
use crate::time;

/// Why a file is adopted that another program made.
pub(crate) const EARLIER_PROGRAM: &str = "an earlier program made the file";

/// Rows that are looked at before those of them that go aside are moved.
const CHUNK_ROWS: usize = 1000;

/// Why the file has to be adopted, if it has to. In one transaction with whatever
/// follows from it.
pub(crate) async fn cause(db: &impl Port) -> Result<Option<String>, StoreError> {
    match noted(db).await? {
        Some(cause) => Ok(Some(cause)),
        None => unnoted(db).await,
    }
}

/// Whether core is told, by a note in the state, of all that another program wrote.
pub(crate) async fn is_whole_or_noted(db: &impl Port) -> Result<bool, StoreError> {
    Ok(noted(db).await?.is_some() || unnoted(db).await?.is_none())
}

/// Whether an earlier program made the file. Asked under the lock: another process may have
/// been faster.
pub(crate) async fn has_original_tables_only(db: &impl Port) -> Result<bool, StoreError> {
    Ok(count_original_tables(db).await? > 0 && !has_table(db, "sync_log_identity").await?)
}

async fn count_original_tables(db: &impl Port) -> Result<i64, StoreError> {
    let count = first(db, &ORIGINAL_TABLES, &[], |row| Ok(row.integer(0))).await?;
    Ok(count.flatten().unwrap_or_default())
}

/// Whether there is a table of this name.
pub(crate) async fn has_table(db: &impl Port, name: &str) -> Result<bool, StoreError> {
    let count = first(db, &TABLES_NAMED, &[name.into()], |row| Ok(row.is_true(0))).await?;
    Ok(count == Some(true))
}

/// Any value but NULL is a note, even one that no trigger writes.
async fn noted(db: &impl Port) -> Result<Option<String>, StoreError> {
    let note = first(db, &NOTE, &[], |row| {
        Ok(match row.cell(0) {
            Cell::Null => None,
            Cell::Text(note) => Some(note.into_owned()),
            _ => Some("another program wrote a note that is no text".to_owned()),
        })
    });
    Ok(note.await?.flatten())
}

/// What a trigger noted.
static NOTE: LazyLock<Template> = LazyLock::new(|| {
    let query = state::Entity::find()
        .select_only()
        .column(state::Column::ForeignWrite)
        .filter(state::Column::Id.eq(1));
    Template::build(SEE, &query.into_query())
});

/// What no trigger noted.
async fn unnoted(db: &impl Port) -> Result<Option<String>, StoreError> {
    if are_made_anew(db).await? {
        return Ok(Some("the tables were made anew".to_owned()));
    }
    misplaced(db, &select::state(db).await?).await
}

/// Whether the tables were made anew while the log was open. `in_order` is the version
/// of the schema that was looked at last: SQLite counts it up at every change.
pub(crate) async fn were_made_anew(
    db: &impl Port,
    in_order: &mut Option<i64>,
) -> Result<bool, StoreError> {
    let version = first(db, &SCHEMA_VERSION, &[], |row| Ok(row.integer(0))).await?;
    let version = version.flatten();
    if version == *in_order {
        return Ok(false);
    }
    let anew = are_made_anew(db).await?;
    *in_order = version.filter(|_| !anew);
    Ok(anew)
}

async fn are_made_anew(db: &impl Port) -> Result<bool, StoreError> {
    let are_missing = first(db, &triggers::ARE_MISSING, &[], |row| Ok(row.is_true(0))).await?;
    Ok(count_original_tables(db).await? != 2 || are_missing != Some(false))
}

/// What the triggers would have noted, had they been there.
async fn misplaced(db: &impl Port, state: &LogState) -> Result<Option<String>, StoreError> {
    let (head, floor) = (state.head, state.floor.hlc);
    let found = if has(db, &ANY_ABOVE, head).await? {
        Some("an entry is above the head")
    } else if has(db, &ANY_UP_TO, floor).await? {
        Some("an entry is not above the floor")
    } else if head > floor && !has(db, &ANY_AT, head).await? {
        Some("the newest entry is missing")
    } else {
        None
    };
    Ok(found.map(str::to_owned))
}

async fn has(db: &impl Port, query: &Template, hlc: Hlc) -> Result<bool, StoreError> {
    let hlc = hlc.to_text();
    let found = first(db, query, &[hlc.as_str().into()], |_| Ok(())).await?;
    Ok(found.is_some())
}

static ANY_ABOVE: LazyLock<Template> =
    LazyLock::new(|| any_entry(shared_changes::Column::Hlc.gt(argument(0))));

static ANY_AT: LazyLock<Template> =
    LazyLock::new(|| any_entry(shared_changes::Column::Hlc.eq(argument(0))));

static ANY_UP_TO: LazyLock<Template> =
    LazyLock::new(|| any_entry(shared_changes::Column::Hlc.lte(argument(0))));

/// The stamp of any entry of which this holds.
fn any_entry(holds: Expr) -> Template {
    let query = shared_changes::Entity::find()
        .select_only()
        .column(shared_changes::Column::Hlc)
        .filter(holds)
        .limit(1);
    Template::build(SEE, &query.into_query())
}

const SEE: &str = "see what other programs wrote";

/// Adopts what is there, in the caller's transaction.
pub(crate) async fn run(db: &impl Port, cause: &str, now_ms: i64) -> Result<(), StoreError> {
    make_missing(db).await?;
    let state = select::state(db).await?;
    let is_near = |hlc: &Hlc| is_near(hlc, now_ms);
    let adoption = first(db, &NEXT_ADOPTION, &[], |row| Ok(row.integer(0))).await?;
    let adoption = adoption.flatten().unwrap_or(1);
    let changes = changes::sort(db, adoption, state.identity.device_id, is_near).await?;
    let claimed = acks::highest(db, state.identity.device_id, is_near).await?;
    let (head, floor) = bounds(&state, &changes, claimed.own);
    let kept_acks = acks::sort(db, adoption, &state, head, now_ms).await?;
    let stamps = [state.high_water, head, changes.highest, claimed.any];
    let high_water = stamps.into_iter().max().unwrap_or(head);
    write_state(db, head, floor, high_water).await?;
    let log_id = Uuid::new_v4().hyphenated().to_string();
    db.run(&WRITE_LOG_ID, &[(&log_id).into()]).await?;
    let (head, floor, now) = (head.to_string(), floor.to_string(), time::to_text(now_ms));
    let record = [
        adoption.into(),
        (&now).into(),
        cause.into(),
        changes.kept.into(),
        kept_acks.into(),
        (&head).into(),
        (&floor).into(),
        (&log_id).into(),
    ];
    db.run(&RECORD, &record).await?;
    tracing::warn!(
        cause,
        kept = changes.kept,
        aside = changes.aside,
        "adopted what another program wrote"
    );
    Ok(())
}

static NEXT_ADOPTION: LazyLock<Template> = LazyLock::new(|| {
    let mut query = adoptions::Entity::find().select_only().into_query();
    let last = Func::coalesce([
        Func::max(adoptions::Column::Id.into_expr()).into(),
        Expr::val(0),
    ]);
    query.expr(Expr::from(last).add(1));
    Template::build(ADOPT, &query)
});

static WRITE_LOG_ID: LazyLock<Template> = LazyLock::new(|| {
    let update = identity::Entity::update_many()
        .col_expr(identity::Column::LogId, Expr::val(argument(0)))
        .filter(identity::Column::Id.eq(1));
    Template::build(ADOPT, &update.into_query())
});

/// Arguments: the columns, in the order of the table.
static RECORD: LazyLock<Template> = LazyLock::new(|| {
    use adoptions::Column::{AdoptedAt, Cause, Floor, Head, Id, KeptAcks, KeptChanges, LogId};
    let columns = [
        Id,
        AdoptedAt,
        Cause,
        KeptChanges,
        KeptAcks,
        Head,
        Floor,
        LogId,
    ];
    Template::build(ADOPT, &insert::<adoptions::Entity>(&columns))
});

const ADOPT: &str = "adopt the file";

/// Tables and indexes that are not there, and the triggers, wherever they are now.
async fn make_missing(db: &impl Port) -> Result<(), StoreError> {
    migration::run_all(triggers::remove(), db).await?;
    migration::run_all(migration::original_tables(), db).await?;
    migration::run_all(triggers::make(), db).await
}

/// Head and floor. Below the oldest entry all may have been pruned, and of a log
/// without one everything.
fn bounds(state: &LogState, changes: &changes::Sorted, own_ack: Hlc) -> (Hlc, Hlc) {
    match changes.range {
        Some((oldest, newest)) => (newest, just_below(oldest)),
        None => {
            let lowest = lowest(state.identity.device_id);
            let known = [state.head, state.floor.hlc, own_ack, lowest];
            let end = known.into_iter().max().unwrap_or(lowest);
            (end, end)
        }
    }
}

/// The lowest stamp of a device. Nothing of it can be below a floor, so an entry
/// with this stamp goes aside.
fn lowest(device_id: Uuid) -> Hlc {
    Hlc {
        timestamp: 0,
        counter: 0,
        device_id,
    }
}

/// The highest stamp of the same device below this one, which is not the lowest.
fn just_below(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_sub(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc {
            timestamp: hlc.timestamp.saturating_sub(1),
            counter: u64::MAX,
            ..hlc
        },
    }
}

/// Whether a clock can go on from it.
fn is_below_ceiling(hlc: &Hlc) -> bool {
    hlc.timestamp < CEILING_MS
}

/// Whether a clock takes it in by default (`H3`): what others are further ahead is not a
/// reason to be ahead of everybody.
fn is_near(hlc: &Hlc, now_ms: i64) -> bool {
    let now_ms = u64::try_from(now_ms).unwrap_or_default();
    let ahead_by_ms = hlc.timestamp.saturating_sub(now_ms);
    is_below_ceiling(hlc) && DriftLimits::default().refuse.allows(ahead_by_ms)
}

async fn write_state(
    db: &impl Port,
    head: Hlc,
    floor: Hlc,
    high_water: Hlc,
) -> Result<(), StoreError> {
    let tag = Tag::ZERO.to_string();
    let [head, floor, high_water] = [head, floor, high_water].map(|hlc| hlc.to_string());
    let state = [&head, &floor, &tag, &high_water].map(Argument::from);
    db.run(&WRITE_STATE, &state).await.map(drop)
}

/// Arguments: head, floor, its tag, high-water.
static WRITE_STATE: LazyLock<Template> = LazyLock::new(|| {
    use state::Column::{Floor, FloorTag, ForeignWrite, Head, HighWater, Id, PeersDeclared, Solo};
    let update = state::Entity::update_many()
        .col_expr(Head, Expr::val(argument(0)))
        .col_expr(Floor, Expr::val(argument(1)))
        .col_expr(FloorTag, Expr::val(argument(2)))
        .col_expr(HighWater, Expr::val(argument(3)))
        .col_expr(Solo, Expr::val(0))
        .col_expr(PeersDeclared, Expr::val(0))
        .col_expr(ForeignWrite, Expr::null())
        .filter(Id.eq(1));
    Template::build(ADOPT, &update.into_query())
});
