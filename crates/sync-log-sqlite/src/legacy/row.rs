//! Rows of the old log.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use sync_log_core::{
    Change, ChangeType, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, Uuid, parse_uuid,
};

use super::error::ImportError;
use super::{COLUMNS, LegacyLog};
use crate::rows::{text, unless_longer};
use crate::statement::prepare;
use crate::store::select::limit;
use crate::time;

/// What was written for many changes at once.
const MARKER: &str = "bulk_insert";

/// Longest other column that is read, in bytes: no value that is fit is longer.
const COLUMN_MAX: usize = 512;

/// Where a reader of the old log is: behind this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    sequence: i64,
    rowid: i64,
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

impl What {
    fn data_bytes(&self) -> usize {
        match self {
            Self::Change(change, _) => change.data.len_bytes(),
            _ => 0,
        }
    }
}

impl LegacyLog {
    /// At most `rows` rows after `place`, or from the start, and not many more than
    /// `bytes` of payload.
    pub(super) fn page(
        &self,
        device: Uuid,
        place: Option<Place>,
        rows: usize,
        bytes: usize,
    ) -> Result<Vec<LegacyRow>, ImportError> {
        let sql = page_sql(place.is_some());
        let (sequence, rowid) = (
            place.map(|place| place.sequence),
            place.map(|place| place.rowid),
        );
        let read = || {
            let mut page = Vec::new();
            let mut query = prepare(&self.db, &sql)?;
            let mut found = query.query((sequence, rowid, limit(rows)))?;
            let mut read_bytes = 0;
            while let Some(row) = found.next()? {
                let place = Place {
                    sequence: row.get(0)?,
                    rowid: row.get(1)?,
                };
                let what = self.judge(row, place, device)?;
                read_bytes += what.data_bytes();
                page.push(LegacyRow { place, what });
                if read_bytes > bytes {
                    break;
                }
            }
            Ok(page)
        };
        read().map_err(|error| self.failed(error))
    }

    fn judge(&self, row: &Row<'_>, place: Place, device: Uuid) -> rusqlite::Result<What> {
        match uuid(row, 2) {
            None => return Ok(What::Unreadable("device_id is no UUID")),
            Some(other) if other != device => return Ok(What::Other(other)),
            Some(_) => {}
        }
        if text(row, 6) == Some(MARKER) {
            return Ok(What::Marker);
        }
        let head = match head(row) {
            Ok(head) => head,
            Err(reason) => return Ok(What::Unreadable(reason)),
        };
        Ok(match self.data(place)? {
            Ok(data) => {
                let change = Change {
                    model_type: head.model_type,
                    record_uuid: head.record_uuid,
                    change_type: head.change_type,
                    data,
                };
                What::Change(change, text(row, 3).and_then(time::from_text))
            }
            Err(reason) => What::Unreadable(reason),
        })
    }

    /// The data of one row, once it is known that it is wanted.
    fn data(&self, place: Place) -> rusqlite::Result<Result<JsonText, &'static str>> {
        let value = unless_longer("data", MAX_DATA_BYTES);
        let sql = format!(
            "SELECT {value}, octet_length(data) > 2 * {MAX_DATA_BYTES} \
             FROM sync_log WHERE rowid = ?1"
        );
        prepare(&self.db, &sql)?.query_row([place.rowid], data)
    }

    /// Rows without a sequence number, which have no place in the order.
    pub(super) fn unordered(&self) -> Result<u64, ImportError> {
        let sql = "SELECT COUNT(*) FROM sync_log WHERE typeof(sequence) <> 'integer'";
        let count = self.db.query_row(sql, [], |row| row.get::<_, i64>(0));
        let count = count.map_err(|error| self.failed(error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// Values that are too long are not read.
fn page_sql(goes_on: bool) -> String {
    let columns = COLUMNS
        .iter()
        .filter(|column| !["sequence", "data"].contains(column));
    let columns = columns.map(|column| unless_longer(column, COLUMN_MAX));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let after = match goes_on {
        true => "AND (sequence, rowid) > (?1, ?2)",
        false => "",
    };
    format!(
        "SELECT sequence, rowid, {columns} FROM sync_log \
         WHERE typeof(sequence) = 'integer' {after} ORDER BY sequence, rowid LIMIT ?3"
    )
}

/// A change without its data.
struct Head {
    model_type: String,
    record_uuid: Uuid,
    change_type: ChangeType,
}

fn head(row: &Row<'_>) -> Result<Head, &'static str> {
    let model_type = text(row, 4).unwrap_or_default();
    if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model_type.len()) {
        return Err("model_type is empty, too long or no text");
    }
    let record_uuid = uuid(row, 5).ok_or("record_id is no UUID")?;
    let kind = text(row, 6).and_then(|kind| kind.parse::<ChangeType>().ok());
    Ok(Head {
        model_type: model_type.to_owned(),
        record_uuid,
        change_type: kind.ok_or("change_type is none of the three")?,
    })
}

/// The data, and whether it is too long to be read.
fn data(row: &Row<'_>) -> rusqlite::Result<Result<JsonText, &'static str>> {
    let is_long = row.get::<_, Option<bool>>(1)? == Some(true);
    let data = match text(row, 0) {
        Some(data) if data.len() > MAX_DATA_BYTES => Err("data is over the limit"),
        Some(data) => JsonText::new(data).map_err(|_| "data is not JSON"),
        None if is_long => Err("data is over the limit"),
        None => Err("data is no text"),
    };
    Ok(data)
}

/// Sixteen bytes, or text.
fn uuid(row: &Row<'_>, column: usize) -> Option<Uuid> {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => Uuid::from_slice(bytes).ok(),
        _ => text(row, column).and_then(parse_uuid),
    }
}
