//! The arguments of a statement.

use crate::entity::StoredValue;

/// An argument of a statement, borrowed if possible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Argument<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a StoredValue> for Argument<'a> {
    fn from(value: &'a StoredValue) -> Self {
        match value {
            StoredValue::Null => Self::Null,
            StoredValue::Integer(number) => Self::Integer(*number),
            StoredValue::Real(number) => Self::Real(*number),
            StoredValue::Text(text) => Self::Text(text),
            StoredValue::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl From<i64> for Argument<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Argument<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for Argument<'_> {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

/// A number of rows. SQLite cannot count further than 63 bits.
impl From<usize> for Argument<'_> {
    fn from(rows: usize) -> Self {
        Self::Integer(i64::try_from(rows).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a, T: Into<Argument<'a>>> From<Option<T>> for Argument<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
