//! Decides whether a log has to be adopted, and why.

use std::sync::LazyLock;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{ChainFault, FoundEntry, Hlc, LogState, Mark, Proof, StoreError};

use super::fit;
use crate::driver::raw::catalogue::ORIGINAL_TABLES;
use crate::driver::{Port, Template, argument, exists, number};
use crate::entity::shared_changes;
use crate::store::chain::{self, Ends};
use crate::store::select;

/// Returns why the file has to be adopted, if it has to be. It runs in one transaction with the
/// adoption that follows.
pub(crate) async fn cause(db: &impl Port) -> Result<Option<String>, StoreError> {
    let state = select::state(db).await?;
    match state.altered {
        Some(altered) => Ok(Some(altered.to_string())),
        None => at_the_ends(db, &state).await,
    }
}

/// Whether the file can be read as it is: its tables are there, and every trace of another program
/// that shows is noted in the state.
pub(crate) async fn is_whole_or_noted(db: &impl Port) -> Result<bool, StoreError> {
    if number(db, &ORIGINAL_TABLES, &[]).await? != 2 || fit::tables(db).await?.is_some() {
        return Ok(false);
    }
    let state = select::state(db).await?;
    Ok(state.altered.is_some() || at_the_ends(db, &state).await?.is_none())
}

/// What the two ends of the log show. The number of look-ups is fixed, whatever the log holds.
async fn at_the_ends(db: &impl Port, state: &LogState) -> Result<Option<String>, StoreError> {
    let found = match misplaced(db, state).await? {
        Some(found) => Some(found),
        None => unchained(state, chain::ends(db, state.floor.hlc).await?),
    };
    Ok(found.map(str::to_owned))
}

/// Whether entries are where none can be, or none is at the head.
async fn misplaced(db: &impl Port, state: &LogState) -> Result<Option<&'static str>, StoreError> {
    let head = state.head.hlc;
    let floor = state.floor.hlc;
    Ok(if has(db, &ANY_ABOVE, head).await? {
        Some("an entry is above the head")
    } else if has(db, &ANY_UP_TO, floor).await? {
        Some("an entry is not above the floor")
    } else if head > floor && !has(db, &ANY_AT, head).await? {
        Some("the newest entry is missing")
    } else {
        None
    })
}

/// What the two ends of the chain show (`R4`). What lies between them is proven when it is
/// served or pruned.
fn unchained(state: &LogState, ends: Ends) -> Option<&'static str> {
    let head = (state.head.hlc > state.floor.hlc).then_some(state.head);
    if head.is_some() && ends.last.is_none() {
        return Some("the entries have no tags");
    }
    if ends.last != head.map(Some) {
        return Some("the newest tag is not that of the head");
    }
    let FoundEntry { entry, tag } = ends.oldest?;
    if let Err(altered) = Proof::after(state.floor).take(&entry, tag) {
        return Some(match altered.fault {
            ChainFault::NoTag => "the oldest entry has no tag",
            _ => "the oldest entry does not follow the floor",
        });
    }
    let first = Mark {
        hlc: entry.hlc,
        tag: tag.unwrap_or_default(),
    };
    (ends.first != Some(Some(first))).then_some("the oldest tag is not that of the oldest entry")
}

async fn has(db: &impl Port, query: &Template, hlc: Hlc) -> Result<bool, StoreError> {
    let hlc = hlc.to_text();
    exists(db, query, &[hlc.as_str().into()]).await
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
