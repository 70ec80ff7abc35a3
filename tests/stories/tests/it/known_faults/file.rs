//! Faults of the file.

use rusqlite::Connection;
use sync_log_sqlite::migration::{MIGRATION_TABLE, migrations};
use sync_log_sqlite::{FILE_NAME, OpenError, SyncDb};

use crate::known_faults::device::{Device, LIBRARY, PHONE, record};

fn raw(phone: &Device) -> Connection {
    Connection::open(phone.folder().join(FILE_NAME)).unwrap()
}

/// Then: tables were made where they were missing, and nothing said which; after an
/// update, or a step back to the old program, the first write failed in the middle.
#[tokio::test]
async fn the_schema_is_made_by_migrations_that_are_written_down() {
    let phone = Device::in_a_file();
    let log = phone.open().await;
    record(&log, 1).await;
    log.close().await.unwrap();
    let all: Vec<String> = migrations().iter().map(|m| m.name().to_owned()).collect();
    let raw = raw(&phone);
    let mut query = raw
        .prepare(&format!(
            "SELECT version FROM {MIGRATION_TABLE} ORDER BY version"
        ))
        .unwrap();
    let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), all);

    let newer = format!("INSERT INTO {MIGRATION_TABLE} VALUES ('sync_log_9999_newer', 0)");
    raw.execute(&newer, []).unwrap();
    let opened = SyncDb::open(LIBRARY, PHONE, phone.folder()).await;
    let error = opened.expect_err("a file of a newer program is not opened");
    assert!(
        matches!(&error, OpenError::SchemaTooNew { unknown, .. }
            if unknown.as_slice() == ["sync_log_9999_newer"]),
        "{error:?}"
    );
}

/// Then: the index on `record_uuid` was in the description and not in the file, and
/// looking up one record read the whole log.
#[tokio::test]
async fn the_entries_of_one_record_are_found_by_an_index() {
    let phone = Device::in_a_file();
    let log = phone.open().await;
    record(&log, 20).await;
    log.close().await.unwrap();
    let plan: String = raw(&phone)
        .query_row(
            "EXPLAIN QUERY PLAN SELECT hlc FROM shared_changes WHERE record_uuid = 'x'",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.contains("SEARCH"), "{plan}");
    assert!(plan.contains("idx_shared_changes_record"), "{plan}");
}
