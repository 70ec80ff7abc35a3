//! The value of a column that has no declared type.

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value};

/// A value as SQLite stores it, in a column that has no declared type.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredValue {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text that is UTF-8.
    Text(String),
    /// Bytes, or text that is not UTF-8.
    Bytes(Vec<u8>),
}

impl TryGetable for StoredValue {
    /// A driver refuses to read a value as another type than the stored one, so the one type that
    /// the driver accepts is the right one. Text is the most frequent type, and is tried first.
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        match row.try_get_by::<Option<String>, _>(index) {
            Ok(None) => return Ok(Self::Null),
            Ok(Some(text)) => return Ok(Self::Text(text)),
            Err(_) => {}
        }
        if let Ok(number) = row.try_get_by(index) {
            return Ok(Self::Integer(number));
        }
        if let Ok(number) = row.try_get_by(index) {
            return Ok(Self::Real(number));
        }
        row.try_get_by(index)
            .map(Self::Bytes)
            .map_err(|error: DbErr| error.into())
    }
}

impl From<String> for StoredValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for StoredValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for StoredValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<StoredValue> for Value {
    fn from(value: StoredValue) -> Self {
        match value {
            StoredValue::Null => Self::Bytes(None),
            StoredValue::Integer(number) => Self::BigInt(Some(number)),
            StoredValue::Real(number) => Self::Double(Some(number)),
            StoredValue::Text(text) => Self::String(Some(text)),
            StoredValue::Bytes(bytes) => Self::Bytes(Some(bytes)),
        }
    }
}

impl ValueType for StoredValue {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::BigInt(Some(number)) => Ok(Self::Integer(number)),
            Value::Double(Some(number)) => Ok(Self::Real(number)),
            Value::String(Some(text)) => Ok(Self::Text(text)),
            Value::Bytes(Some(bytes)) => Ok(Self::Bytes(bytes)),
            Value::BigInt(None)
            | Value::Double(None)
            | Value::String(None)
            | Value::Bytes(None) => Ok(Self::Null),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "StoredValue".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Bytes
    }

    fn column_type() -> ColumnType {
        ColumnType::Blob
    }
}

impl Nullable for StoredValue {
    fn null() -> Value {
        Self::Null.into()
    }
}
