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

use rusqlite::{Connection, OptionalExtension, Params, params};
use sync_log_core::hlc::{CEILING_MS, DriftLimits};
use sync_log_core::{Hlc, LogState, StoreError, Tag, Uuid};

use crate::failure::failed;
use crate::migration::{DROP_TRIGGERS, TRIGGERS, TRIGGERS_ARE_MISSING, missing};
use crate::statement::prepare;
use crate::store::select;
use crate::time;

/// Noted in a file of an earlier program once it has our tables, until it is adopted.
pub(crate) const EARLIER_PROGRAM: &str = "an earlier program made the file";

/// Rows that are looked at before those of them that go aside are moved.
const CHUNK_ROWS: i64 = 1000;

/// Why the file has to be adopted, if it has to. In one transaction with whatever
/// follows from it.
pub(crate) fn cause(db: &Connection) -> Result<Option<String>, StoreError> {
    match noted(db)? {
        Some(cause) => Ok(Some(cause)),
        None => unnoted(db),
    }
}

/// Whether core is told, by a note in the state, of all that another program wrote.
pub(crate) fn is_whole_or_noted(db: &Connection) -> Result<bool, StoreError> {
    Ok(noted(db)?.is_some() || unnoted(db)?.is_none())
}

fn noted(db: &Connection) -> Result<Option<String>, StoreError> {
    let noted = "SELECT foreign_write FROM sync_log_state WHERE id = 1";
    Ok(first(db, noted, [])?.flatten())
}

/// What no trigger noted.
fn unnoted(db: &Connection) -> Result<Option<String>, StoreError> {
    if are_made_anew(db)? {
        return Ok(Some("the tables were made anew".to_owned()));
    }
    misplaced(db, &select::state(db)?)
}

/// Whether the tables were made anew while the log was open. `in_order` is the version
/// of the schema that was looked at last: SQLite counts it up at every change.
pub(crate) fn were_made_anew(
    db: &Connection,
    in_order: &mut Option<i64>,
) -> Result<bool, StoreError> {
    let version: Option<i64> = first(db, "PRAGMA schema_version", [])?;
    if version == *in_order {
        return Ok(false);
    }
    let anew = are_made_anew(db)?;
    *in_order = version.filter(|_| !anew);
    Ok(anew)
}

fn are_made_anew(db: &Connection) -> Result<bool, StoreError> {
    let tables = "SELECT COUNT(*) FROM sqlite_master \
                  WHERE type = 'table' AND name IN ('shared_changes', 'peer_acks')";
    let tables: Option<i64> = first(db, tables, [])?;
    let missing: Option<bool> = first(db, TRIGGERS_ARE_MISSING, [])?;
    Ok(tables != Some(2) || missing != Some(false))
}

/// What the triggers would have noted, had they been there.
fn misplaced(db: &Connection, state: &LogState) -> Result<Option<String>, StoreError> {
    let (head, floor) = (state.head.to_text(), state.floor.hlc.to_text());
    let above = "SELECT 1 FROM shared_changes WHERE hlc > ?1 LIMIT 1";
    let at = "SELECT 1 FROM shared_changes WHERE hlc = ?1";
    let up_to = "SELECT 1 FROM shared_changes WHERE hlc <= ?1 LIMIT 1";
    let has = |sql: &str, hlc: &str| -> Result<bool, StoreError> {
        Ok(first::<i64>(db, sql, [hlc])?.is_some())
    };
    let found = if has(above, head.as_str())? {
        Some("an entry is above the head")
    } else if has(up_to, floor.as_str())? {
        Some("an entry is not above the floor")
    } else if state.head > state.floor.hlc && !has(at, head.as_str())? {
        Some("the newest entry is missing")
    } else {
        None
    };
    Ok(found.map(str::to_owned))
}

/// Adopts what is there, in the caller's transaction.
pub(crate) fn run(db: &Connection, cause: &str, now_ms: i64) -> Result<(), StoreError> {
    make_missing(db)?;
    let state = select::state(db)?;
    let is_near = |hlc: &Hlc| is_near(hlc, now_ms);
    let next = "SELECT COALESCE(MAX(id), 0) + 1 FROM sync_log_adoptions";
    let adoption: i64 = first(db, next, [])?.unwrap_or(1);
    let changes = changes::sort(db, adoption, state.identity.device_id, is_near)?;
    let claimed = acks::highest(db, state.identity.device_id, is_near)?;
    let (head, floor) = bounds(&state, &changes, claimed.own);
    let kept_acks = acks::sort(db, adoption, &state, head, now_ms)?;
    let stamps = [state.high_water, head, changes.highest, claimed.any];
    let high_water = stamps.into_iter().max().unwrap_or(head);
    write_state(db, head, floor, high_water)?;
    let log_id = Uuid::new_v4().hyphenated().to_string();
    execute(
        db,
        "UPDATE sync_log_identity SET log_id = ?1 WHERE id = 1",
        [&log_id],
    )?;
    let sql = "INSERT INTO sync_log_adoptions (id, adopted_at, cause, kept_changes, \
               kept_acks, head, floor, log_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (kept, at) = (changes.kept, time::to_text(now_ms));
    let (head, floor) = (head.to_string(), floor.to_string());
    execute(
        db,
        sql,
        params![adoption, at, cause, kept, kept_acks, head, floor, log_id],
    )?;
    tracing::warn!(
        cause,
        kept,
        aside = changes.aside,
        "adopted what another program wrote"
    );
    Ok(())
}

/// Tables and indexes that are not there, and the triggers, wherever they are now.
fn make_missing(db: &Connection) -> Result<(), StoreError> {
    [DROP_TRIGGERS, &missing(), TRIGGERS]
        .into_iter()
        .try_for_each(|sql| db.execute_batch(sql))
        .map_err(|error| failed("make what is missing", error))
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

fn write_state(db: &Connection, head: Hlc, floor: Hlc, high_water: Hlc) -> Result<(), StoreError> {
    let sql = "UPDATE sync_log_state SET head = ?1, floor = ?2, floor_tag = ?3, \
               high_water = ?4, solo = 0, peers_declared = 0, foreign_write = NULL \
               WHERE id = 1";
    let [head, floor, high_water] = [head, floor, high_water].map(|hlc| hlc.to_string());
    let tag = Tag::ZERO.to_string();
    execute(db, sql, params![head, floor, tag, high_water])
}

fn first<T: rusqlite::types::FromSql>(
    db: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Option<T>, StoreError> {
    let found =
        prepare(db, sql).and_then(|mut query| query.query_row(values, |row| row.get(0)).optional());
    found.map_err(|error| failed("see what other programs wrote", error))
}

fn execute(db: &Connection, sql: &str, values: impl Params) -> Result<(), StoreError> {
    let done = prepare(db, sql).and_then(|mut statement| statement.execute(values));
    done.map(drop)
        .map_err(|error| failed("adopt the file", error))
}
