//! An adoption, step by step.

use std::sync::LazyLock;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};
use sync_log_core::{ChainFault, Hlc, LogState, Mark, StoreError, Tag, Uuid};

use super::bounds::{Horizon, RowsAhead, bounds};
use super::record::{self, Adopted};
use super::rows::ADOPT;
use super::{acks, chain, changes};
use crate::driver::{Port, Template, argument};
use crate::entity::identity;
use crate::store::{select, state};

/// The cause of an adoption of a file that another program made.
pub(crate) const EARLIER_PROGRAM: &str = "an earlier program made the file";

/// What an adoption did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    number: i64,
    kept: i64,
    aside: usize,
    kept_acks: i64,
}

impl Outcome {
    /// Reports an adoption that is committed.
    pub(crate) fn report(&self, cause: &str) {
        let Self {
            number,
            kept,
            aside,
            kept_acks,
        } = self;
        tracing::warn!(
            number,
            cause,
            kept,
            aside,
            kept_acks,
            "adopted what another program wrote"
        );
    }
}

/// Adopts the rows that are there, in the caller's transaction.
pub(crate) async fn run(
    db: &impl Port,
    cause: &str,
    now_ms: i64,
    rows_ahead: RowsAhead,
) -> Result<Outcome, StoreError> {
    let state = select::state(db).await?;
    let horizon = Horizon::of(&state, now_ms, rows_ahead);
    let number = record::last(db).await?.saturating_add(1);
    let log = changes::Bounds {
        device_id: state.identity.device_id,
        floor: state.floor.hlc,
        horizon,
    };
    let changes = changes::sort(db, number, log).await?;
    let claimed = acks::highest(db, state.identity.device_id, horizon).await?;
    let (newest, floor) = bounds(&state, changes.range, claimed.own);
    let kept_acks = acks::sort(db, number, &state, newest, now_ms).await?;
    let stamps = [state.high_water, newest, changes.highest, claimed.any];
    let high_water = stamps.into_iter().max().unwrap_or(newest);
    let head = chain::make(db, floor).await?;
    state::write(db, state.head, &adopted(&state, head, floor, high_water)).await?;
    let log_id = Uuid::new_v4().hyphenated().to_string();
    db.run(&WRITE_LOG_ID, &[(&log_id).into()]).await?;
    let record = Adopted {
        number,
        cause,
        kept_changes: changes.kept,
        kept_acks,
        head: head.hlc,
        floor,
        log_id: &log_id,
    };
    record.write(db, now_ms).await?;
    Ok(Outcome {
        number,
        kept: changes.kept,
        aside: changes.aside,
        kept_acks,
    })
}

/// The state of the log once its chain begins at `floor` and ends at `head`.
///
/// What the app has said of its peers is not known of a file that another program wrote. But a log that its own
/// records outdate is still the app's.
fn adopted(before: &LogState, head: Mark, floor: Hlc, high_water: Hlc) -> LogState {
    let fault = before.altered.map(|altered| altered.fault);
    let is_of_app = fault == Some(ChainFault::LacksRecords);
    LogState {
        head,
        floor: Mark {
            hlc: floor,
            tag: Tag::ZERO,
        },
        high_water,
        // Every stamp that the file ever gave out is at or below the high-water, but for those of
        // a clock that was too far ahead.
        settled: high_water,
        solo: before.solo && is_of_app,
        peers_declared: before.peers_declared && is_of_app,
        altered: None,
        ..*before
    }
}

static WRITE_LOG_ID: LazyLock<Template> = LazyLock::new(|| {
    let update = identity::Entity::update_many()
        .col_expr(identity::Column::LogId, Expr::val(argument(0)))
        .filter(identity::Column::Id.eq(1));
    Template::build(ADOPT, &update.into_query())
});
