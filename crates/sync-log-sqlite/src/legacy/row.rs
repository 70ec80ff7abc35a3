//! Rows of the old log.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use sync_log_core::{
    Change, ChangeType, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, Uuid, parse_uuid,
};

use super::LegacyLog;
use super::error::ImportError;
use crate::rows::text;
use crate::statement::prepare;
use crate::store::select::limit;
use crate::time;

/// What was written for many changes at once.
const MARKER: &str = "bulk_insert";

/// Where a reader of the old log is: behind this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    sequence: i64,
    rowid: i64,
}

impl Place {
    pub(super) const START: Self = Self {
        sequence: i64::MIN,
        rowid: i64::MIN,
    };
}

/// A row, judged.
pub(super) struct LegacyRow {
    pub(super) place: Place,
    pub(super) what: What,
}

impl LegacyRow {
    pub(super) fn sequence(&self) -> i64 {
        self.place.sequence
    }
}

pub(super) enum What {
    /// A change of the device, and when it was made, if that can be read.
    Change(Change, Option<i64>),
    /// Many changes of the device, which it does not have.
    Marker,
    /// Of that other device.
    Other(Uuid),
    /// It cannot be read, for this reason.
    Unreadable(&'static str),
}

impl LegacyLog {
    /// At most `rows` rows after `place`, and not many more than `bytes` of payload.
    pub(super) fn page(
        &self,
        device: Uuid,
        place: Place,
        rows: usize,
        bytes: usize,
    ) -> Result<Vec<LegacyRow>, ImportError> {
        let sql = "SELECT sequence, rowid, device_id, timestamp, model_type, record_id, \
                   change_type, data FROM sync_log \
                   WHERE typeof(sequence) = 'integer' AND (sequence, rowid) > (?1, ?2) \
                   ORDER BY sequence, rowid LIMIT ?3";
        let read = || {
            let mut page = Vec::new();
            let mut query = prepare(&self.db, sql)?;
            let mut found = query.query((place.sequence, place.rowid, limit(rows)))?;
            let mut read_bytes = 0;
            while let Some(row) = found.next()? {
                let place = Place {
                    sequence: row.get(0)?,
                    rowid: row.get(1)?,
                };
                read_bytes += text(row, 7).map_or(0, str::len);
                let what = judge(row, device);
                page.push(LegacyRow { place, what });
                if read_bytes > bytes {
                    break;
                }
            }
            Ok(page)
        };
        read().map_err(|error| self.failed(error))
    }

    /// Rows without a sequence number, which have no place in the order.
    pub(super) fn unordered(&self) -> Result<u64, ImportError> {
        let sql = "SELECT COUNT(*) FROM sync_log WHERE typeof(sequence) <> 'integer'";
        let count = self.db.query_row(sql, [], |row| row.get::<_, i64>(0));
        let count = count.map_err(|error| self.failed(error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

fn judge(row: &Row<'_>, device: Uuid) -> What {
    match uuid(row, 2) {
        None => return What::Unreadable("device_id is no UUID"),
        Some(other) if other != device => return What::Other(other),
        Some(_) => {}
    }
    if text(row, 6) == Some(MARKER) {
        return What::Marker;
    }
    match change(row) {
        Ok(change) => What::Change(change, text(row, 3).and_then(time::from_text)),
        Err(reason) => What::Unreadable(reason),
    }
}

fn change(row: &Row<'_>) -> Result<Change, &'static str> {
    let model_type = text(row, 4).unwrap_or_default();
    if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model_type.len()) {
        return Err("model_type is empty, too long or no text");
    }
    let record_uuid = uuid(row, 5).ok_or("record_id is no UUID")?;
    let kind = text(row, 6).and_then(|kind| kind.parse::<ChangeType>().ok());
    let change_type = kind.ok_or("change_type is none of the three")?;
    let data = text(row, 7).ok_or("data is no text")?;
    if data.len() > MAX_DATA_BYTES {
        return Err("data is over the limit");
    }
    Ok(Change {
        model_type: model_type.to_owned(),
        record_uuid,
        change_type,
        data: JsonText::new(data).map_err(|_| "data is not JSON")?,
    })
}

/// Sixteen bytes, or text.
fn uuid(row: &Row<'_>, column: usize) -> Option<Uuid> {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => Uuid::from_slice(bytes).ok(),
        _ => text(row, column).and_then(parse_uuid),
    }
}
