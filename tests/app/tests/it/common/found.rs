//! What is in the tables of a device, read by plain SQL.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::str::FromStr;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Row};
use serde_json::Value;
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::{Hlc, SharedChangeEntry, Uuid};

/// The rows of a table of the app's, each with the values of these columns.
pub(crate) fn rows(app: &Connection, model: &str, columns: &[&str]) -> Vec<(RecordId, Vec<Value>)> {
    let sql = format!("SELECT id, {} FROM {model}", columns.join(", "));
    all(app, &sql, |row| {
        let values = (1..=columns.len()).map(|position| value(row.get(position).unwrap()));
        let id = uuid(row.get(0).unwrap());
        (RecordId::new(model, id), values.collect())
    })
}

/// References of the app's rows to rows that are not there.
pub(crate) fn dangling(app: &Connection) -> Vec<String> {
    let dangling = "SELECT \"table\" || ' ' || rowid || ' refers to no ' || parent \
                    FROM pragma_foreign_key_check";
    all(app, dangling, |row| row.get(0).unwrap())
}

/// The stamps of the entries that wait for a newer app.
pub(crate) fn waiting(app: &Connection) -> BTreeSet<Hlc> {
    let waiting = all(app, "SELECT hlc FROM sync_log_waiting", |row| {
        parsed(row, 0)
    });
    waiting.into_iter().collect()
}

pub(crate) fn outbox(app: &Connection) -> Vec<SharedChangeEntry> {
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data, model_version, group_end \
               FROM sync_log_outbox ORDER BY hlc";
    all(app, sql, entry)
}

/// The entries of a log, each of which has a tag.
pub(crate) fn log(log: &Connection) -> Vec<SharedChangeEntry> {
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data, model_version, group_end \
               FROM shared_changes LEFT JOIN sync_log_entries USING (hlc) ORDER BY hlc";
    all(log, sql, entry)
}

fn entry(row: &Row<'_>) -> SharedChangeEntry {
    SharedChangeEntry {
        hlc: parsed(row, 0),
        model_type: row.get(1).unwrap(),
        record_uuid: parsed(row, 2),
        change_type: parsed(row, 3),
        data: parsed(row, 4),
        model_version: row.get(5).unwrap(),
        group_end: row.get(6).unwrap(),
    }
}

/// A value in a payload.
fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => number.into(),
        Cell::Text(text) => text.into(),
        bytes => uuid(bytes).to_string().into(),
    }
}

/// The 16 bytes that SeaORM makes of a UUID.
fn uuid(cell: Cell) -> Uuid {
    let Cell::Blob(bytes) = cell else {
        panic!("an id is bytes, not {cell:?}");
    };
    Uuid::from_slice(&bytes).unwrap()
}

pub(crate) fn parsed<T: FromStr<Err: Debug>>(row: &Row<'_>, position: usize) -> T {
    row.get::<_, String>(position).unwrap().parse().unwrap()
}

pub(crate) fn all<T>(db: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> T) -> Vec<T> {
    let mut query = db.prepare_cached(sql).unwrap();
    let rows = query.query_map([], |row| Ok(read(row))).unwrap();
    rows.map(Result::unwrap).collect()
}
