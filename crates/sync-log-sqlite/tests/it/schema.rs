//! The schema is an interchange format: what is in the file, column by column.

use rusqlite::Connection;
use sync_log_sqlite::{Hlc, ManualClock, SyncDb};

use crate::common::{self, DEVICE, LIBRARY, change, folder, open, raw};

/// The columns of a table in their order, each with its type, whether it is NOT NULL, and whether
/// it is the key; of a key of several, its place in it.
fn columns(connection: &Connection, table: &str) -> String {
    let described = "SELECT name || ' ' || type || iif(\"notnull\", ' NOT NULL', '') \
                       || CASE pk WHEN 0 THEN '' WHEN 1 THEN ' KEY' ELSE ' KEY' || pk END \
                     FROM pragma_table_xinfo(?1) ORDER BY cid";
    let mut query = connection.prepare(described).unwrap();
    let columns = query.query_map([table], |row| row.get(0)).unwrap();
    let columns: Vec<String> = columns.collect::<Result<_, _>>().unwrap();
    columns.join(", ")
}

/// The names in `sqlite_master` of one kind, but for what SQLite makes itself.
fn names(connection: &Connection, kind: &str) -> Vec<String> {
    let mut query = connection
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = ?1 AND name NOT LIKE 'sqlite_%' \
             ORDER BY name",
        )
        .unwrap();
    query
        .query_map([kind], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// The indexes of a table that were made by name: name, unique, columns.
fn indexes(connection: &Connection, table: &str) -> Vec<(String, bool, String)> {
    let mut query = connection
        .prepare(
            "SELECT l.name, l.\"unique\", \
               (SELECT group_concat(i.name) FROM pragma_index_info(l.name) AS i) \
             FROM pragma_index_list(?1) AS l WHERE l.origin = 'c' ORDER BY l.name",
        )
        .unwrap();
    query
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn index(name: &str, column: &str) -> (String, bool, String) {
    (name.to_owned(), false, column.to_owned())
}

#[tokio::test]
async fn the_two_original_tables_have_exactly_their_columns_and_indexes() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let file = raw(folder.path());
    assert_eq!(
        columns(&file, "shared_changes"),
        "hlc TEXT KEY, model_type TEXT NOT NULL, record_uuid TEXT NOT NULL, \
         change_type TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL"
    );
    assert_eq!(
        indexes(&file, "shared_changes"),
        [
            index("idx_shared_changes_hlc", "hlc"),
            index("idx_shared_changes_model", "model_type"),
            index("idx_shared_changes_record", "record_uuid"),
        ]
    );
    assert_eq!(
        columns(&file, "peer_acks"),
        "peer_device_id TEXT NOT NULL KEY, last_acked_hlc TEXT NOT NULL, \
         acked_at TEXT NOT NULL"
    );
    assert_eq!(
        indexes(&file, "peer_acks"),
        [index("idx_peer_acks_hlc", "last_acked_hlc")]
    );
}

#[tokio::test]
async fn everything_else_is_in_tables_of_our_own() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let file = raw(folder.path());
    assert_eq!(
        names(&file, "table"),
        [
            "peer_acks",
            "shared_changes",
            "sync_log_adoptions",
            "sync_log_aside_acks",
            "sync_log_aside_changes",
            "sync_log_entries",
            "sync_log_identity",
            "sync_log_migrations",
            "sync_log_peers",
            "sync_log_state",
            "sync_log_verdicts",
        ]
    );
    assert_eq!(names(&file, "trigger"), [""; 0]);
    assert_eq!(names(&file, "view"), [""; 0]);
    assert_eq!(
        columns(&file, "sync_log_identity"),
        "id INTEGER KEY, library_id TEXT NOT NULL, device_id TEXT NOT NULL, \
         log_id TEXT NOT NULL, created_at TEXT NOT NULL"
    );
    assert_eq!(
        columns(&file, "sync_log_state"),
        "id INTEGER KEY, head TEXT NOT NULL, floor TEXT NOT NULL, \
         floor_tag TEXT NOT NULL, high_water TEXT NOT NULL, solo INTEGER NOT NULL, \
         policy_time_ms INTEGER NOT NULL, evaluated_at TEXT, \
         peers_declared INTEGER NOT NULL, head_tag TEXT NOT NULL, altered_at TEXT, \
         altered TEXT, settled TEXT NOT NULL, with_records INTEGER NOT NULL"
    );
    assert_eq!(
        columns(&file, "sync_log_entries"),
        "hlc TEXT NOT NULL KEY, tag BLOB NOT NULL, model_version INTEGER NOT NULL, \
         group_end INTEGER NOT NULL"
    );
    let has_rowid = "SELECT wr = 0 FROM pragma_table_list('sync_log_entries')";
    let has_rowid = file.query_row(has_rowid, [], |row| row.get::<_, bool>(0));
    assert!(!has_rowid.unwrap(), "the table is its own index");
    assert_eq!(
        columns(&file, "sync_log_peers"),
        "peer_device_id TEXT NOT NULL KEY, state TEXT NOT NULL, \
         admission INTEGER NOT NULL, registered_by TEXT NOT NULL, \
         registered_at TEXT NOT NULL, retired_at TEXT, retired_reason TEXT, hold TEXT, \
         lagging_since_ms INTEGER, seen_ms INTEGER, verified INTEGER NOT NULL, \
         acked TEXT NOT NULL, acked_at TEXT"
    );
    assert_eq!(
        columns(&file, "sync_log_verdicts"),
        "kind TEXT NOT NULL KEY, hlc TEXT NOT NULL, peer TEXT, found_at TEXT NOT NULL"
    );
}

#[tokio::test]
async fn a_file_is_in_wal_mode_and_can_give_pages_back() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let file = raw(folder.path());
    let text = |sql| file.query_row(sql, [], |row| row.get::<_, String>(0));
    let number = |sql| file.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(text("PRAGMA journal_mode").unwrap(), "wal");
    assert_eq!(number("PRAGMA auto_vacuum").unwrap(), 2, "incremental");
    assert_eq!(number("PRAGMA user_version").unwrap(), 0, "the app's own");
}

#[tokio::test]
async fn ids_stamps_and_times_are_stored_in_their_one_spelling() {
    let folder = folder();
    let options = SyncDb::options().wall_clock(ManualClock::new(1_518_233_235_007));
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let stamp = log.record(change(0xABCD)).await.unwrap().to_string();
    log.register_peer(common::PEER).await.unwrap();
    log.close().await.unwrap();
    let file = raw(folder.path());
    let (zero, time) = (Hlc::ZERO.to_string(), "2018-02-10T03:27:15.007Z");
    for (column, table, text) in [
        ("hlc", "shared_changes", &*stamp),
        (
            "record_uuid",
            "shared_changes",
            "00000000-0000-0000-0000-00000000abcd",
        ),
        ("change_type", "shared_changes", "update"),
        ("last_acked_hlc", "peer_acks", &zero),
        ("created_at", "shared_changes", time),
        ("acked_at", "peer_acks", time),
        ("registered_at", "sync_log_peers", time),
        ("acked_at", "sync_log_peers", time),
        ("created_at", "sync_log_identity", time),
    ] {
        let stored = format!("SELECT {column} FROM {table}");
        let stored = file.query_row(&stored, [], |row| row.get::<_, String>(0));
        assert_eq!(stored.unwrap(), text, "{column} of {table}");
    }
}

#[cfg(feature = "migrator")]
#[test]
fn the_names_of_migrations_are_ours_and_frozen() {
    use sync_log_sqlite::migration::migrations;
    let names: Vec<_> = migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "sync_log_0001_original_tables",
            "sync_log_0002_log_tables",
            "sync_log_0003_adoption",
            "sync_log_0004_chain",
            "sync_log_0005_verdicts",
            "sync_log_0006_with_records",
        ]
    );
    for migration in migrations() {
        assert_eq!(migration.use_transaction(), Some(true));
    }
}
