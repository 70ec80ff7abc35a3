//! Rows of `shared_changes` as they are stored.

use rusqlite::types::ValueRef;
use rusqlite::{Params, Row};
use serde::Serialize;
use sync_log_core::StoreError;

use super::Inspector;
use crate::failure::failed;
use crate::statement::prepare;
use crate::store::select::limit;

/// An entry as it is stored: the columns of `shared_changes`, unjudged. Bytes that
/// are not text are replaced, and numbers are spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawEntry {
    /// The stamp.
    pub hlc: String,
    /// The kind of record.
    pub model_type: String,
    /// The record.
    pub record_uuid: String,
    /// What happened to it.
    pub change_type: String,
    /// The payload.
    pub data: String,
    /// When it was written, RFC 3339.
    pub created_at: String,
}

pub(super) const COLUMNS: &str = "hlc, model_type, record_uuid, change_type, data, created_at";

impl Inspector {
    /// At most `limit` entries after `after`, oldest first; `None` is before all.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn entries_after(
        &self,
        after: Option<&str>,
        limit_entries: usize,
    ) -> Result<Vec<RawEntry>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM shared_changes WHERE hlc > ?1 ORDER BY hlc LIMIT ?2");
        self.rows(&sql, (after.unwrap_or_default(), limit(limit_entries)))
    }

    /// The newest `count` entries, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn newest(&self, count: usize) -> Result<Vec<RawEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM shared_changes ORDER BY hlc DESC LIMIT ?1");
        let mut rows = self.rows(&sql, [limit(count)])?;
        rows.reverse();
        Ok(rows)
    }

    /// The entry with this stamp.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn entry(&self, hlc: &str) -> Result<Option<RawEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM shared_changes WHERE hlc = ?1");
        Ok(self.rows(&sql, [hlc])?.pop())
    }

    fn rows(&self, sql: &str, values: impl Params) -> Result<Vec<RawEntry>, StoreError> {
        let failed = |error| failed("read entries", error);
        let mut query = prepare(&self.db, sql).map_err(failed)?;
        let rows = query.query_map(values, entry).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }
}

/// Reads the columns of [`COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<RawEntry> {
    let text = |column| row.get_ref(column).map(spelled_out);
    Ok(RawEntry {
        hlc: text(0)?,
        model_type: text(1)?,
        record_uuid: text(2)?,
        change_type: text(3)?,
        data: text(4)?,
        created_at: text(5)?,
    })
}

fn spelled_out(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
