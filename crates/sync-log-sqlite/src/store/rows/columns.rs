//! The columns of one row, from left to right.

use std::borrow::Cow;

use sync_log_core::{Hlc, StoreError};

use crate::driver::failure::corrupt;
use crate::driver::{Cell, Row};

/// The most bytes of a BLOB that an error message shows.
const SHOWN_BYTES: usize = 64;

/// Reads the columns of one row, from left to right. It knows the table and the key of the row, so
/// that a column with a wrong value is reported as damage at that location.
pub(crate) struct Columns<'r, 'a> {
    row: &'r Row<'a>,
    next: usize,
    table: &'static str,
    key: Key,
}

/// Where the key of a row is, to name it.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Is(&'static str),
    /// It is the number in this column.
    Number(usize),
    /// The row is an entry, and its stamp is in this column.
    OfEntry(usize),
}

impl<'r, 'a> Columns<'r, 'a> {
    /// The columns of a row of `shared_changes`, with those of other tables
    /// before or after them.
    pub(crate) fn of(row: &'r Row<'a>) -> Self {
        Self {
            row,
            next: 0,
            table: "shared_changes",
            key: Key::Is(""),
        }
    }

    /// The columns of a row from `first` on, which holds the number that is the key of the row.
    pub(crate) fn keyed(row: &'r Row<'a>, table: &'static str, first: usize) -> Self {
        Self {
            row,
            next: first,
            table,
            key: Key::Number(first),
        }
    }

    /// The columns that follow are of an entry, and the next one is its stamp.
    pub(super) fn entry(&mut self) {
        self.row_of("shared_changes", Key::OfEntry(self.next));
    }

    pub(super) fn row_of(&mut self, table: &'static str, key: Key) {
        self.table = table;
        self.key = key;
    }

    pub(crate) fn cell(&mut self) -> Cell<'a> {
        let cell = self.row.cell(self.next);
        self.next += 1;
        cell
    }

    pub(crate) fn integer(&mut self, column: &str) -> Result<i64, StoreError> {
        match self.cell() {
            Cell::Integer(number) => Ok(number),
            _ => Err(self.damaged(column)),
        }
    }

    pub(crate) fn text(&mut self, column: &str) -> Result<Cow<'a, str>, StoreError> {
        self.any_text().ok_or_else(|| self.damaged(column))
    }

    /// The text of the next column; `None` if it is none.
    pub(super) fn any_text(&mut self) -> Option<Cow<'a, str>> {
        match self.cell() {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of the next column, spelled as in SQL if it is no text; `None` for NULL.
    pub(crate) fn any_or_null(&mut self) -> Option<Cow<'a, str>> {
        match self.cell() {
            Cell::Null => None,
            Cell::Text(text) => Some(text),
            Cell::BrokenText(text) => Some(String::from_utf8_lossy(&text).into_owned().into()),
            Cell::Integer(number) => Some(number.to_string().into()),
            Cell::Real(number) => Some(number.to_string().into()),
            Cell::Bytes(bytes) => {
                let shown = bytes.iter().take(SHOWN_BYTES);
                let hex: String = shown.map(|byte| format!("{byte:02x}")).collect();
                Some(format!("x'{hex}'").into())
            }
        }
    }

    pub(super) fn damaged(&self, column: &str) -> StoreError {
        match self.key {
            Key::Is(key) => corrupt(self.table, key, column),
            Key::Number(index) => {
                let key = self.row.integer(index).map(|key| key.to_string());
                corrupt(self.table, &key.unwrap_or_default(), column)
            }
            Key::OfEntry(index) => {
                let key = self.row.text(index).unwrap_or_default();
                let error = corrupt(self.table, &key, column);
                tracing::error!(%error, "an entry cannot be read");
                error.of_unreadable_entry(key.parse().unwrap_or(Hlc::ZERO))
            }
        }
    }
}
