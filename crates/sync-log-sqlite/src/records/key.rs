//! The value of a unique key: two rows have equal values if SQLite takes their columns for equal.

use sea_orm::Value;
use sea_orm::sea_query::{QueryBuilder, SqliteQueryBuilder};

use super::rows::json;
use super::shape::Row;

/// A unique index.
#[derive(Debug, Clone)]
pub(super) struct UniqueKey {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
}

/// A column of a unique index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) column: &'static str,
    pub(super) affinity: Affinity,
    pub(super) collation: Collation,
}

/// The type to which a column converts the values that it stores, by its declared type: see
/// <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    /// INTEGER and NUMERIC, which store the same value for a number.
    Numeric,
    Real,
    /// None: values are stored as they are.
    Blob,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collation {
    Binary,
    NoCase,
    RTrim,
}

impl UniqueKey {
    /// The value in this row; `None` if a part is NULL.
    pub(super) fn value(&self, row: &Row) -> Option<String> {
        let part = |part: &Part| {
            let (_, value) = row.iter().find(|(column, _)| *column == part.column)?;
            part.text(value)
        };
        let parts: Option<Vec<_>> = self.parts.iter().map(part).collect();
        Some(json(&parts?))
    }
}

impl Part {
    /// A text that equal values share; `None` for NULL. The first letter is the type, because SQLite
    /// takes values of different types for different.
    fn text(&self, value: &Value) -> Option<String> {
        Some(match self.affinity.convert(Stored::of(value)?) {
            Stored::Integer(number) => format!("n{number}"),
            // SQLite stores NULL for it.
            Stored::Real(number) if number.is_nan() => return None,
            // Adding zero takes the sign from a negative zero.
            Stored::Real(number) if number.fract() == 0.0 => format!("n{:.0}", number + 0.0),
            Stored::Real(number) => format!("n{number:?}"),
            Stored::Text(text) => format!("t{}", self.collation.fold(text)),
            Stored::Bytes(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                format!("b{}", digits.collect::<String>())
            }
        })
    }
}

/// A value as a driver binds it.
#[derive(Debug, Clone, PartialEq)]
enum Stored {
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Stored {
    fn of(value: &Value) -> Option<Self> {
        if *value == value.as_null() {
            return None;
        }
        Some(match value {
            Value::Bool(flag) => Self::Integer((*flag)?.into()),
            Value::TinyInt(number) => Self::Integer((*number)?.into()),
            Value::SmallInt(number) => Self::Integer((*number)?.into()),
            Value::Int(number) => Self::Integer((*number)?.into()),
            Value::BigInt(number) => Self::Integer((*number)?),
            Value::TinyUnsigned(number) => Self::Integer((*number)?.into()),
            Value::SmallUnsigned(number) => Self::Integer((*number)?.into()),
            Value::Unsigned(number) => Self::Integer((*number)?.into()),
            Value::BigUnsigned(number) => Self::Integer(i64::try_from((*number)?).ok()?),
            Value::Float(number) => Self::Real((*number)?.into()),
            Value::Double(number) => Self::Real((*number)?),
            Value::String(text) => Self::Text(text.clone()?),
            Value::Char(letter) => Self::Text((*letter)?.into()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()?),
            Value::Uuid(uuid) => Self::Bytes((*uuid)?.into_bytes().into()),
            // Times, decimals and JSON are bound as text, equal values as equal texts.
            other => Self::Text(SqliteQueryBuilder.value_to_string(other)),
        })
    }
}

impl Affinity {
    /// The affinity of a column of this declared type.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |part: &&str| declared.contains(*part);
        if has(&"INT") {
            Self::Numeric
        } else if ["CHAR", "CLOB", "TEXT"].iter().any(has) {
            Self::Text
        } else if declared.is_empty() || has(&"BLOB") {
            Self::Blob
        } else if ["REAL", "FLOA", "DOUB"].iter().any(has) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    fn convert(self, value: Stored) -> Stored {
        match (self, value) {
            (Self::Text, Stored::Integer(number)) => Stored::Text(number.to_string()),
            (Self::Numeric | Self::Real, Stored::Text(text)) => match number(&text) {
                Some(number) => self.convert(number),
                None => Stored::Text(text),
            },
            (Self::Real, Stored::Integer(number)) => Stored::Real(number as f64),
            (_, value) => value,
        }
    }
}

/// The number that a text spells, as SQLite reads it.
fn number(text: &str) -> Option<Stored> {
    let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let is_spelled = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().all(is_spelled) {
        return None;
    }
    let integer = text.parse().ok().map(Stored::Integer);
    integer.or_else(|| text.parse().ok().map(Stored::Real))
}

impl Collation {
    /// The collation of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "BINARY" => Some(Self::Binary),
            "NOCASE" => Some(Self::NoCase),
            "RTRIM" => Some(Self::RTrim),
            _ => None,
        }
    }

    /// A text that equal texts share.
    fn fold(self, text: String) -> String {
        match self {
            Self::Binary => text,
            Self::RTrim => text.trim_end_matches(' ').to_owned(),
            Self::NoCase => match text.split_once('\0') {
                None => text.to_ascii_lowercase(),
                // SQLite compares up to a NUL, and then the lengths.
                Some((before, _)) => format!("{}\0{}", before.to_ascii_lowercase(), text.len()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "SQLite is asked")]

    use rusqlite::Connection;

    use super::*;

    fn values() -> Vec<Value> {
        let texts = [
            "",
            " ",
            "a",
            "A",
            "a ",
            "A\t",
            "\u{e4}",
            "\u{c4}",
            "a\0x",
            "A\0y",
            "a\0xy",
            "1",
            "1.0",
            " 1 ",
            "+1",
            "1e0",
            "01",
            "0.5",
            ".5",
            "5.e-1",
            "-0",
            "0",
            "1e",
            ".",
            "inf",
            "9223372036854775807",
            "9223372036854775808",
            "1_0",
            "0x10",
        ];
        let numbers = [0, 1, -1, 1 << 53, (1 << 53) + 1, i64::MAX];
        let reals = [
            0.0,
            -0.0,
            0.5,
            1.0,
            9_007_199_254_740_992.0,
            1e300,
            f64::INFINITY,
        ];
        let texts = texts.map(Value::from).into_iter();
        let numbers = numbers.map(Value::from).into_iter();
        let bytes = [
            Value::from(b"a".to_vec()),
            Value::from(Vec::new()),
            Value::from(true),
        ];
        texts
            .chain(numbers)
            .chain(reals.map(Value::from))
            .chain(bytes)
            .collect()
    }

    fn bound(value: &Value) -> rusqlite::types::Value {
        match Stored::of(value) {
            None => rusqlite::types::Value::Null,
            Some(Stored::Integer(number)) => number.into(),
            Some(Stored::Real(number)) => number.into(),
            Some(Stored::Text(text)) => text.into(),
            Some(Stored::Bytes(bytes)) => bytes.into(),
        }
    }

    /// Whether SQLite takes two values for one key in a column of this definition.
    fn is_one_key(db: &Connection, one: &Value, other: &Value) -> bool {
        db.execute("DELETE FROM t", []).unwrap();
        db.execute("INSERT INTO t VALUES (?1)", [bound(one)])
            .unwrap();
        db.execute("INSERT INTO t VALUES (?1)", [bound(other)])
            .is_err()
    }

    #[test]
    fn values_are_equal_where_sqlite_takes_them_for_equal() {
        let types = [
            "TEXT",
            "INTEGER",
            "DECIMAL",
            "REAL",
            "BLOB",
            "",
            "VARCHAR(9)",
            "BOOLEAN",
        ];
        for (declared, collation) in types
            .iter()
            .flat_map(|it| ["BINARY", "NOCASE", "RTRIM"].map(|collation| (it, collation)))
        {
            let db = Connection::open_in_memory().unwrap();
            let table = format!("CREATE TABLE t (x {declared} COLLATE {collation} UNIQUE)");
            db.execute(&table, []).unwrap();
            let part = Part {
                column: "x",
                affinity: Affinity::of(declared),
                collation: Collation::named(collation).unwrap(),
            };
            let values = values();
            for (position, one) in values.iter().enumerate() {
                for other in &values[position..] {
                    // How SQLite spells a real number in a column of text is not followed.
                    let is_real = |value| matches!(Stored::of(value), Some(Stored::Real(_)));
                    if part.affinity == Affinity::Text && (is_real(one) || is_real(other)) {
                        continue;
                    }
                    let expected = is_one_key(&db, one, other);
                    let found = part.text(one) == part.text(other);
                    assert_eq!(found, expected, "{table}: {one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn null_is_no_key() {
        let key = UniqueKey {
            name: "by_name".to_owned(),
            parts: ["a", "b"]
                .map(|column| Part {
                    column,
                    affinity: Affinity::Text,
                    collation: Collation::Binary,
                })
                .into(),
        };
        let set = |value: Option<&str>| vec![("a", Value::from("x")), ("b", Value::from(value))];
        assert_eq!(key.value(&set(Some("y"))).unwrap(), r#"["tx","ty"]"#);
        assert_eq!(key.value(&set(None)), None);
        assert_eq!(key.value(&vec![("a", Value::from("x"))]), None);
        let real = Part {
            affinity: Affinity::Real,
            ..key.parts[0]
        };
        assert_eq!(real.text(&Value::from(f64::NAN)), None);
    }
}
