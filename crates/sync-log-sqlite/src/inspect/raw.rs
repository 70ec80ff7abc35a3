//! Rows of `shared_changes` as they are stored.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Serialize;
use sync_log_core::StoreError;

use super::inspector::Inspector;
use crate::driver::{
    Argument, Cell, Port as _, Row, Template, all, argument, argument_rows, in_place,
};
use crate::entity::shared_changes::{Column, Entity};

/// An entry as it is stored: the columns of `shared_changes`, without any check. `None` is NULL,
/// numbers are written as text, and bytes that are no text as SQLite writes them: `x'00ff'`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawEntry {
    /// The stamp.
    pub hlc: Option<String>,
    /// The kind of record.
    pub model_type: Option<String>,
    /// The record.
    pub record_uuid: Option<String>,
    /// What happened to it.
    pub change_type: Option<String>,
    /// The payload.
    pub data: Option<String>,
    /// When it was written, RFC 3339.
    pub created_at: Option<String>,
    #[serde(skip)]
    position: RawPosition,
}

impl RawEntry {
    /// Where the entry is in the order of the file.
    #[must_use]
    pub fn position(&self) -> &RawPosition {
        &self.position
    }
}

/// Where an entry is in the order of the file, even if its stamp is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPosition(Key);

/// SQLite sorts all bytes after all texts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

impl Inspector {
    /// Returns at most `limit_entries` entries after `after`, oldest first; `None` starts at the
    /// oldest. A row without a stamp is in no such page: see [`each_entry`](Self::each_entry).
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn entries_after(
        &self,
        after: Option<&RawPosition>,
        limit_entries: usize,
    ) -> Result<Vec<RawEntry>, StoreError> {
        let (query, key): (_, &[u8]) = match after {
            None => (&READ_AFTER_TEXT, b""),
            Some(RawPosition(Key::Text(text))) => (&READ_AFTER_TEXT, text),
            Some(RawPosition(Key::Bytes(bytes))) => (&READ_AFTER_BYTES, bytes),
        };
        self.entries(query, &[Argument::Bytes(key), limit_entries.into()])
    }

    /// Calls `take` with every row, oldest first, until it breaks. All rows are of one committed
    /// state, whatever is pruned meanwhile, and one row is in memory at a time.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn each_entry(
        &self,
        mut take: impl FnMut(&RawEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        in_place(self.db.rows(&READ_ALL, &[], |row| Ok(take(&entry(row)))))
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
        position: position(row.cell(0)),
    }
}

fn position(key: Cell<'_>) -> RawPosition {
    RawPosition(match key {
        Cell::Bytes(bytes) => Key::Bytes(bytes.into_owned()),
        Cell::BrokenText(text) => Key::Text(text.into_owned()),
        other => Key::Text(spelled_out(other).unwrap_or_default().into_bytes()),
    })
}

fn spelled_out(cell: Cell<'_>) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.into_owned(),
        Cell::BrokenText(bytes) | Cell::Bytes(bytes) => literal(&bytes),
    })
}

/// Bytes as a literal of SQL.
fn literal(bytes: &[u8]) -> String {
    let mut literal = String::with_capacity(2 * bytes.len() + 3);
    literal.push_str("x'");
    for byte in bytes {
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// Arguments: the bytes of a text, which need not be UTF-8, and how many rows.
static READ_AFTER_TEXT: LazyLock<Template> =
    LazyLock::new(|| read_after(Expr::val(argument(0)).cast_as("TEXT")));

/// Arguments: bytes, and how many rows.
static READ_AFTER_BYTES: LazyLock<Template> = LazyLock::new(|| read_after(Expr::val(argument(0))));

fn read_after(key: Expr) -> Template {
    let query = Entity::find()
        .filter(Expr::col((Entity, Column::Hlc)).gt(key))
        .order_by_asc(Column::Hlc)
        .limit(argument_rows(1));
    Template::build(READ, &query.into_query())
}

static READ_ALL: LazyLock<Template> = LazyLock::new(|| {
    let query = Entity::find().order_by_asc(Column::Hlc);
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
