//! Which rows of `shared_changes` are entries of this log.

use rusqlite::{Connection, Row, params};
use sync_log_core::{
    ChangeType, Hlc, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError, Uuid, parse_uuid,
};

use super::{CHUNK_ROWS, execute, is_below_ceiling, lowest};
use crate::failure::failed;
use crate::rows::{text, unless_longer};
use crate::statement::prepare;

/// What was found.
pub(super) struct Sorted {
    /// Entries that stay.
    pub(super) kept: i64,
    /// Rows that went aside.
    pub(super) aside: usize,
    /// The oldest and the newest entry that stay.
    pub(super) range: Option<(Hlc, Hlc)>,
    /// The highest stamp that a clock must not repeat, or has seen: any of this device,
    /// and those of others that are near.
    pub(super) highest: Hlc,
}

/// Puts every row aside that is not an entry of this log.
pub(super) fn sort(
    db: &Connection,
    adoption: i64,
    device_id: Uuid,
    is_near: impl Fn(&Hlc) -> bool,
) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted {
        kept: 0,
        aside: 0,
        range: None,
        highest: Hlc::ZERO,
    };
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = chunk(db, from, device_id)?;
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        for found in chunk {
            sorted.take_note(&found, device_id, &is_near);
            if let Err(reason) = found.verdict {
                put_aside(db, adoption, found.row, reason)?;
            }
        }
    }
    Ok(sorted)
}

/// A row, as it was found.
struct Found {
    row: i64,
    /// Its stamp, if it has one.
    hlc: Option<Hlc>,
    /// Whether it is an entry of this log, or why not.
    verdict: Result<(), &'static str>,
}

impl Sorted {
    fn take_note(&mut self, found: &Found, device_id: Uuid, is_near: &impl Fn(&Hlc) -> bool) {
        if let Some(hlc) = found.hlc {
            let is_own = hlc.device_id == device_id && is_below_ceiling(&hlc);
            if is_own || is_near(&hlc) {
                self.highest = self.highest.max(hlc);
            }
        }
        match (found.verdict, found.hlc) {
            (Ok(()), Some(hlc)) => {
                self.kept += 1;
                let (oldest, newest) = self.range.unwrap_or((hlc, hlc));
                self.range = Some((oldest.min(hlc), newest.max(hlc)));
            }
            _ => self.aside += 1,
        }
    }
}

/// Some rows from this one on. A value that is longer than it may be is not read.
fn chunk(db: &Connection, from: i64, device_id: Uuid) -> Result<Vec<Found>, StoreError> {
    let failed = |error| failed("read what is to be adopted", error);
    let sql = format!(
        "SELECT rowid, {hlc}, {model_type}, {record_uuid}, {change_type}, {data}, \
         octet_length(data) > 2 * {MAX_DATA_BYTES}, typeof(created_at) = 'text' \
         FROM shared_changes WHERE rowid >= ?1 ORDER BY rowid LIMIT {CHUNK_ROWS}",
        hlc = unless_longer("hlc", Hlc::TEXT_LEN),
        model_type = unless_longer("model_type", MAX_MODEL_TYPE_BYTES),
        record_uuid = unless_longer("record_uuid", UUID_BYTES),
        change_type = unless_longer("change_type", UUID_BYTES),
        data = unless_longer("data", MAX_DATA_BYTES),
    );
    let mut query = prepare(db, &sql).map_err(failed)?;
    let found = query.query_map([from], |row| {
        let hlc = text(row, 1).and_then(|text| text.parse::<Hlc>().ok());
        Ok(Found {
            row: row.get(0)?,
            hlc,
            verdict: judge(row, hlc, device_id),
        })
    });
    found.and_then(Iterator::collect).map_err(failed)
}

/// A UUID as text; no kind of change is longer.
pub(super) const UUID_BYTES: usize = 36;

/// Whether a row is an entry of this log, or why not.
fn judge(row: &Row<'_>, hlc: Option<Hlc>, device_id: Uuid) -> Result<(), &'static str> {
    let hlc = hlc.ok_or("hlc is not a stamp in strict form")?;
    if hlc.device_id != device_id {
        return Err("of another device");
    }
    if !is_below_ceiling(&hlc) || hlc == lowest(device_id) {
        return Err("hlc is a stamp that no clock gives");
    }
    let model = text(row, 2).map_or(0, str::len);
    if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model) {
        return Err("model_type is empty, too long or no text");
    }
    if text(row, 3).and_then(parse_uuid).is_none() {
        return Err("record_uuid is not in strict form");
    }
    if text(row, 4).is_none_or(|kind| kind.parse::<ChangeType>().is_err()) {
        return Err("change_type is none of the three");
    }
    let is_long = matches!(row.get(6), Ok(true));
    match text(row, 5) {
        Some(data) if data.len() > MAX_DATA_BYTES => return Err("data is over the limit"),
        Some(data) => JsonText::new(data).map_err(|_| "data is not JSON")?,
        None if is_long => return Err("data is over the limit"),
        None => return Err("data is no text"),
    };
    match row.get(7) {
        Ok(true) => Ok(()),
        _ => Err("created_at is no text"),
    }
}

fn put_aside(
    db: &Connection,
    adoption: i64,
    row: i64,
    reason: &'static str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sync_log_aside_changes (adoption, reason, hlc, model_type, \
               record_uuid, change_type, data, created_at) \
               SELECT ?1, ?2, hlc, model_type, record_uuid, change_type, data, created_at \
               FROM shared_changes WHERE rowid = ?3";
    execute(db, sql, params![adoption, reason, row])?;
    execute(db, "DELETE FROM shared_changes WHERE rowid = ?1", [row])
}
