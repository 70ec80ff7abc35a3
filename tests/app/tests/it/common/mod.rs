//! What the tests share: ids, changes, and a raw look at a file.

pub(crate) mod database;
pub(crate) mod found;
pub(crate) mod statements;

use std::path::Path;

use rusqlite::Connection;
use sync_log_sqlite::{Change, ChangeType, FILE_NAME, SyncDb, Uuid};

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(0x11);
pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xa0);
pub(crate) const PEER: Uuid = Uuid::from_u128(0xb0);

pub(crate) fn change(record: u128) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(record),
        change_type: ChangeType::Update,
        data: serde_json::json!({ "record": record.to_string() }).into(),
        model_version: 0,
    }
}

pub(crate) async fn open(data_dir: &Path) -> SyncDb {
    SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap()
}

/// A look at the log's file past this product.
pub(crate) fn raw(data_dir: &Path) -> Connection {
    Connection::open(data_dir.join(FILE_NAME)).unwrap()
}

/// The names of all tables.
pub(crate) fn tables(raw: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut query = raw.prepare(sql).unwrap();
    let names = query.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}
