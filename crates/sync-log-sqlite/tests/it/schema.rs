//! The schema is an interchange format: what is in the file, column by column.

use rusqlite::Connection;
use sync_log_sqlite::SyncDb;

use crate::common::{self, DEVICE, LIBRARY, change, folder, fresh, open, raw};

/// A column: name, type, whether NOT NULL, place in the primary key.
type Column = (String, String, bool, i64);

fn columns(connection: &Connection, table: &str) -> Vec<Column> {
    let mut query = connection
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) ORDER BY cid")
        .unwrap();
    query
        .query_map([table], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn column(name: &str, kind: &str, not_null: bool, key: i64) -> Column {
    (name.to_owned(), kind.to_owned(), not_null, key)
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
        [
            column("hlc", "TEXT", false, 1),
            column("model_type", "TEXT", true, 0),
            column("record_uuid", "TEXT", true, 0),
            column("change_type", "TEXT", true, 0),
            column("data", "TEXT", true, 0),
            column("created_at", "TEXT", true, 0),
        ]
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
        [
            column("peer_device_id", "TEXT", true, 1),
            column("last_acked_hlc", "TEXT", true, 0),
            column("acked_at", "TEXT", true, 0),
        ]
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
        [
            column("id", "INTEGER", false, 1),
            column("library_id", "TEXT", true, 0),
            column("device_id", "TEXT", true, 0),
            column("log_id", "TEXT", true, 0),
            column("created_at", "TEXT", true, 0),
        ]
    );
    assert_eq!(
        columns(&file, "sync_log_state"),
        [
            column("id", "INTEGER", false, 1),
            column("head", "TEXT", true, 0),
            column("floor", "TEXT", true, 0),
            column("floor_tag", "TEXT", true, 0),
            column("high_water", "TEXT", true, 0),
            column("solo", "INTEGER", true, 0),
            column("policy_time_ms", "INTEGER", true, 0),
            column("evaluated_at", "TEXT", false, 0),
            column("peers_declared", "INTEGER", true, 0),
            column("head_tag", "TEXT", true, 0),
            column("altered_at", "TEXT", false, 0),
            column("altered", "TEXT", false, 0),
            column("settled", "TEXT", true, 0),
        ]
    );
    assert_eq!(
        columns(&file, "sync_log_entries"),
        [
            column("hlc", "TEXT", true, 1),
            column("tag", "BLOB", true, 0),
            column("model_version", "INTEGER", true, 0),
            column("group_end", "INTEGER", true, 0),
        ]
    );
    let has_rowid = "SELECT wr = 0 FROM pragma_table_list('sync_log_entries')";
    let has_rowid = file.query_row(has_rowid, [], |row| row.get::<_, bool>(0));
    assert!(!has_rowid.unwrap(), "the table is its own index");
    assert_eq!(
        columns(&file, "sync_log_peers"),
        [
            column("peer_device_id", "TEXT", true, 1),
            column("state", "TEXT", true, 0),
            column("admission", "INTEGER", true, 0),
            column("registered_by", "TEXT", true, 0),
            column("registered_at", "TEXT", true, 0),
            column("retired_at", "TEXT", false, 0),
            column("retired_reason", "TEXT", false, 0),
            column("hold", "TEXT", false, 0),
            column("lagging_since_ms", "INTEGER", false, 0),
            column("seen_ms", "INTEGER", false, 0),
            column("verified", "INTEGER", true, 0),
            column("acked", "TEXT", true, 0),
            column("acked_at", "TEXT", false, 0),
        ]
    );
    assert_eq!(
        columns(&file, "sync_log_verdicts"),
        [
            column("kind", "TEXT", true, 1),
            column("hlc", "TEXT", true, 0),
            column("peer", "TEXT", false, 0),
            column("found_at", "TEXT", true, 0),
        ]
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
    let (folder, log) = fresh().await;
    let stamp = log.record(change(0xABCD)).await.unwrap();
    log.register_peer(common::PEER).await.unwrap();
    log.close().await.unwrap();
    let file = raw(folder.path());
    let text = |sql| file.query_row(sql, [], |row| row.get::<_, String>(0));
    let at = |sql| text(sql).unwrap();
    assert_eq!(at("SELECT hlc FROM shared_changes"), stamp.to_string());
    assert_eq!(
        at("SELECT record_uuid FROM shared_changes"),
        "00000000-0000-0000-0000-00000000abcd"
    );
    assert_eq!(at("SELECT change_type FROM shared_changes"), "update");
    assert_eq!(
        at("SELECT last_acked_hlc FROM peer_acks"),
        sync_log_sqlite::Hlc::ZERO.to_string()
    );
    for sql in [
        "SELECT created_at FROM shared_changes",
        "SELECT acked_at FROM peer_acks",
        "SELECT registered_at FROM sync_log_peers",
        "SELECT acked_at FROM sync_log_peers",
        "SELECT created_at FROM sync_log_identity",
    ] {
        let time = at(sql);
        assert_eq!(time.len(), "2018-02-10T03:27:15.007Z".len(), "{time}");
        assert!(time.ends_with('Z'), "{time}");
    }
}

#[tokio::test]
async fn an_entry_is_dated_by_the_wall_clock_that_was_given() {
    let folder = folder();
    let log = SyncDb::options()
        .wall_clock(sync_log_sqlite::ManualClock::new(1_518_233_235_007))
        .open(LIBRARY, DEVICE, folder.path())
        .await
        .unwrap();
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let time: String = raw(folder.path())
        .query_row("SELECT created_at FROM shared_changes", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(time, "2018-02-10T03:27:15.007Z");
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
        ]
    );
    for migration in migrations() {
        assert_eq!(migration.use_transaction(), Some(true));
    }
}
