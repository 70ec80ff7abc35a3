//! Rows of `shared_changes` as they are stored.

use std::sync::LazyLock;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Serialize;
use sync_log_core::StoreError;

use super::inspector::Inspector;
use crate::driver::{Argument, Cell, Row, Template, all, argument, argument_rows, in_place};
use crate::entity::shared_changes::{Column, Entity};

/// An entry as it is stored: the columns of `shared_changes`, without any check. Bytes that are not
/// text are replaced, and numbers are written as text.
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

impl Inspector {
    /// Returns at most `limit` entries after `after`, oldest first; `None` starts at the oldest.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn entries_after(
        &self,
        after: Option<&str>,
        limit_entries: usize,
    ) -> Result<Vec<RawEntry>, StoreError> {
        let after = after.unwrap_or_default();
        self.entries(&READ_AFTER, &[after.into(), limit_entries.into()])
    }

    /// Returns the newest `count` entries, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn newest(&self, count: usize) -> Result<Vec<RawEntry>, StoreError> {
        let mut rows = self.entries(&READ_NEWEST, &[count.into()])?;
        rows.reverse();
        Ok(rows)
    }

    /// Returns the entry with this stamp, if there is one.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn entry(&self, hlc: &str) -> Result<Option<RawEntry>, StoreError> {
        Ok(self.entries(&READ_ONE, &[hlc.into()])?.pop())
    }

    fn entries(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<RawEntry>, StoreError> {
        in_place(all(&self.db, query, arguments, |row| Ok(entry(row))))
    }
}

/// Reads the first columns, which are those of `shared_changes`.
pub(super) fn entry(row: &Row<'_>) -> RawEntry {
    let text = |column| spelled_out(row.cell(column));
    RawEntry {
        hlc: text(0),
        model_type: text(1),
        record_uuid: text(2),
        change_type: text(3),
        data: text(4),
        created_at: text(5),
    }
}

fn spelled_out(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.into_owned(),
        Cell::BrokenText(bytes) | Cell::Bytes(bytes) => {
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}

/// Arguments: a stamp, and how many.
static READ_AFTER: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find()
        .filter(Column::Hlc.gt(argument(0)))
        .order_by_asc(Column::Hlc)
        .limit(argument_rows(1));
    Template::build(READ, &query.into_query())
});

/// Argument: how many.
static READ_NEWEST: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find()
        .order_by_desc(Column::Hlc)
        .limit(argument_rows(0));
    Template::build(READ, &query.into_query())
});

/// Argument: a stamp.
static READ_ONE: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find().filter(Column::Hlc.eq(argument(0)));
    Template::build(READ, &query.into_query())
});

const READ: &str = "read entries";
