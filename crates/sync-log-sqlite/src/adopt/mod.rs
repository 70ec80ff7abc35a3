//! What another program wrote becomes a log that this one can vouch for (`I3`, `I4`).
//!
//! Of a file of an earlier program, or of one of ours that a program wrote to which
//! knows the original tables only. Own, sound entries stay where they are; all other
//! rows go aside, byte for byte. No place that a reader had is one any more: what
//! was deleted is not known, so the log gets another id and begins just below its
//! oldest entry, and its chain with it. Acks are kept, and not believed.

mod acks;
mod cause;
mod chain;
mod changes;
pub(crate) mod fit;
mod peers;
mod rows;

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, Func};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::hlc::DriftLimits;
use sync_log_core::judge::is_below_ceiling;
use sync_log_core::{Hlc, LogState, Mark, StoreError, Tag, Uuid};

use crate::driver::build::insert;
use crate::driver::{Argument, Port, Template, argument, number};
use crate::entity::time;
use crate::entity::{adoptions, identity, state};
use crate::store::select;

pub(crate) use cause::{cause, is_whole_or_noted};
pub(crate) use peers::put_right;

/// Why a file is adopted that another program made.
pub(crate) const EARLIER_PROGRAM: &str = "an earlier program made the file";

/// Adopts what is there, in the caller's transaction.
pub(crate) async fn run(db: &impl Port, cause: &str, now_ms: i64) -> Result<(), StoreError> {
    let state = select::state(db).await?;
    let is_near = |hlc: Hlc| is_near(hlc, now_ms);
    let adoption = last_adoption(db).await?.saturating_add(1);
    let log = changes::Bounds {
        device_id: state.identity.device_id,
        floor: state.floor.hlc,
    };
    let changes = changes::sort(db, adoption, log, is_near).await?;
    let claimed = acks::highest(db, state.identity.device_id, is_near).await?;
    let (head, floor) = bounds(&state, &changes, claimed.own);
    let kept_acks = acks::sort(db, adoption, &state, head, now_ms).await?;
    let stamps = [state.high_water, head, changes.highest, claimed.any];
    let high_water = stamps.into_iter().max().unwrap_or(head);
    let head = chain::make(db, floor).await?;
    write_state(db, head, floor, high_water).await?;
    let log_id = Uuid::new_v4().hyphenated().to_string();
    db.run(&WRITE_LOG_ID, &[(&log_id).into()]).await?;
    let (head, floor, now) = (
        head.hlc.to_string(),
        floor.to_string(),
        time::to_text(now_ms),
    );
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

/// The number of the newest adoption; 0 if there was none.
async fn last_adoption(db: &impl Port) -> Result<i64, StoreError> {
    number(db, &LAST_ADOPTION, &[]).await
}

static LAST_ADOPTION: LazyLock<Template> = LazyLock::new(|| {
    let mut query = adoptions::Entity::find().select_only().into_query();
    query.expr(Func::max(adoptions::Column::Id.into_expr()));
    Template::build("find the newest adoption", &query)
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

/// Head and floor. Below the oldest entry all may have been pruned, and of a log
/// without one everything.
fn bounds(state: &LogState, changes: &changes::Sorted, own_ack: Hlc) -> (Hlc, Hlc) {
    match changes.range {
        Some((oldest, newest)) => (newest, just_below(oldest)),
        None => {
            let lowest = lowest(state.identity.device_id);
            let known = [state.head.hlc, state.floor.hlc, own_ack, lowest];
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

/// Whether a clock takes it in by default (`H3`): one stranger's wrong clock must not push ours
/// ahead of every peer.
fn is_near(hlc: Hlc, now_ms: i64) -> bool {
    let now_ms = u64::try_from(now_ms).unwrap_or_default();
    let ahead_by_ms = hlc.timestamp.saturating_sub(now_ms);
    is_below_ceiling(hlc) && DriftLimits::default().refuse.allows(ahead_by_ms)
}

async fn write_state(
    db: &impl Port,
    head: Mark,
    floor: Hlc,
    high_water: Hlc,
) -> Result<(), StoreError> {
    let [head_tag, floor_tag] = [head.tag, Tag::ZERO].map(|tag| tag.to_string());
    let [head, floor, high_water] = [head.hlc, floor, high_water].map(|hlc| hlc.to_string());
    let state = [&head, &head_tag, &floor, &floor_tag, &high_water].map(Argument::from);
    db.run(&WRITE_STATE, &state).await.map(drop)
}

/// Arguments: head, its tag, floor, its tag, high-water. Every stamp that the file ever gave out
/// is at or below the high-water, so the log is settled there.
static WRITE_STATE: LazyLock<Template> = LazyLock::new(|| {
    use state::Column::{
        Altered, AlteredAt, Floor, FloorTag, Head, HeadTag, HighWater, Id, PeersDeclared, Settled,
        Solo,
    };
    let update = state::Entity::update_many()
        .col_expr(Head, Expr::val(argument(0)))
        .col_expr(HeadTag, Expr::val(argument(1)))
        .col_expr(Floor, Expr::val(argument(2)))
        .col_expr(FloorTag, Expr::val(argument(3)))
        .col_expr(HighWater, Expr::val(argument(4)))
        .col_expr(Settled, Expr::val(argument(4)))
        .col_expr(Solo, Expr::val(0))
        .col_expr(PeersDeclared, Expr::val(0))
        .col_expr(AlteredAt, Expr::null())
        .col_expr(Altered, Expr::null())
        .filter(Id.eq(1));
    Template::build(ADOPT, &update.into_query())
});
