//! Which rows of `shared_changes` are entries of this log.

use rusqlite::{Connection, Row, params};
use sync_log_core::{
    ChangeType, Hlc, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError, Uuid, parse_uuid,
};

use super::{execute, is_below_ceiling, lowest};
use crate::failure::failed;
use crate::rows::text;
use crate::statement::prepare;

/// What was found.
pub(super) struct Sorted {
    /// Entries that stay.
    pub(super) kept: i64,
    /// Rows that went aside.
    pub(super) aside: usize,
    /// The oldest and the newest entry that stay.
    pub(super) range: Option<(Hlc, Hlc)>,
    /// The highest stamp of all rows, of any device, that a clock can go on from.
    pub(super) highest: Hlc,
}

/// Puts every row aside that is not an entry of this log.
pub(super) fn sort(db: &Connection, adoption: i64, device_id: Uuid) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted {
        kept: 0,
        aside: 0,
        range: None,
        highest: Hlc::ZERO,
    };
    let mut aside = Vec::new();
    let failed = |error| failed("read what is to be adopted", error);
    let sql = "SELECT rowid, hlc, model_type, record_uuid, change_type, data, created_at \
               FROM shared_changes ORDER BY hlc";
    let mut query = prepare(db, sql).map_err(failed)?;
    let mut rows = query.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let hlc = text(row, 1).and_then(|text| text.parse::<Hlc>().ok());
        let highest = hlc.filter(is_below_ceiling).unwrap_or(Hlc::ZERO);
        sorted.highest = sorted.highest.max(highest);
        match fault(row, hlc, device_id) {
            Ok(hlc) => {
                sorted.kept += 1;
                sorted.range = Some((sorted.range.map_or(hlc, |(oldest, _)| oldest), hlc));
            }
            Err(reason) => aside.push((row.get::<_, i64>(0).map_err(failed)?, reason)),
        }
    }
    drop(rows);
    sorted.aside = aside.len();
    for (row, reason) in aside {
        let sql = "INSERT INTO sync_log_aside_changes (adoption, reason, hlc, model_type, \
                   record_uuid, change_type, data, created_at) \
                   SELECT ?1, ?2, hlc, model_type, record_uuid, change_type, data, created_at \
                   FROM shared_changes WHERE rowid = ?3";
        execute(db, sql, params![adoption, reason, row])?;
        execute(db, "DELETE FROM shared_changes WHERE rowid = ?1", [row])?;
    }
    Ok(sorted)
}

/// The stamp of an entry of this log; or why it is none.
fn fault(row: &Row<'_>, hlc: Option<Hlc>, device_id: Uuid) -> Result<Hlc, &'static str> {
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
    let data = text(row, 5).ok_or("data is no text")?;
    if data.len() > MAX_DATA_BYTES {
        return Err("data is over the limit");
    }
    JsonText::new(data).map_err(|_| "data is not JSON")?;
    text(row, 6).ok_or("created_at is no text")?;
    Ok(hlc)
}
