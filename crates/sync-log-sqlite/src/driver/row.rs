//! Rows, cell by cell.

use std::borrow::Cow;

use rusqlite::types::ValueRef;
use sea_orm::{QueryResult, TryGetable};

use crate::entity::StoredValue;

/// A row of either port.
pub(crate) enum Row<'a> {
    InPlace(&'a rusqlite::Row<'a>),
    Fetched(&'a QueryResult),
}

/// What SQLite stored in one cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    /// Text that is UTF-8.
    Text(Cow<'a, str>),
    /// Text that is not UTF-8. Over an app's driver it comes as bytes.
    BrokenText(Cow<'a, [u8]>),
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Row<'a> {
    /// The cell of this column. A column that the query does not have is a mistake of this
    /// crate.
    pub(crate) fn cell(&self, column: usize) -> Cell<'a> {
        match self {
            Self::InPlace(row) => row
                .get_ref(column)
                .map(Cell::borrowed)
                .expect("queries have the columns that are read"),
            Self::Fetched(row) => StoredValue::try_get_by_index(row, column)
                .map(Cell::from)
                .unwrap_or_else(|_| panic!("queries have the columns that are read")),
        }
    }

    /// The text of a column, unjudged; `None` if it is none.
    pub(crate) fn text(&self, column: usize) -> Option<Cow<'a, str>> {
        match self.cell(column) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number of a column; `None` if it is none.
    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        match self.cell(column) {
            Cell::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// Whether SQL found an expression to be true.
    pub(crate) fn is_true(&self, column: usize) -> bool {
        self.integer(column).is_some_and(|number| number != 0)
    }
}

impl<'a> Cell<'a> {
    fn borrowed(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.into()),
            ValueRef::Text(bytes) => match str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.into()),
                Err(_) => Self::BrokenText(bytes.into()),
            },
        }
    }
}

impl From<StoredValue> for Cell<'_> {
    fn from(value: StoredValue) -> Self {
        match value {
            StoredValue::Null => Self::Null,
            StoredValue::Integer(number) => Self::Integer(number),
            StoredValue::Real(number) => Self::Real(number),
            StoredValue::Text(text) => Self::Text(text.into()),
            StoredValue::Bytes(bytes) => Self::Bytes(bytes.into()),
        }
    }
}
