//! Files that are almost a log: logs of the first version, tables of other programs, damaged
//! logs, and files that change while they are opened.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{ErrorKind, Hlc, OpenError, SyncDb, Tag, Uuid};
use tempfile::TempDir;

use crate::common::{
    self, DEVICE, LIBRARY, PEER, as_child, change, contents, file_in, folder, fresh, open, raw,
    run_alone,
};

async fn refused(data_dir: &Path) -> OpenError {
    let opened = SyncDb::open(LIBRARY, DEVICE, data_dir).await;
    opened.unwrap_err()
}

async fn log_in_a_folder() -> TempDir {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    folder
}

/// The tables as the first two migrations made them.
const FIRST_VERSION: &str = "
CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL,
    record_uuid TEXT NOT NULL, change_type TEXT NOT NULL, data TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE INDEX idx_shared_changes_hlc ON shared_changes (hlc);
CREATE INDEX idx_shared_changes_model ON shared_changes (model_type);
CREATE INDEX idx_shared_changes_record ON shared_changes (record_uuid);
CREATE TABLE peer_acks (peer_device_id TEXT NOT NULL, last_acked_hlc TEXT NOT NULL,
    acked_at TEXT NOT NULL, PRIMARY KEY (peer_device_id));
CREATE INDEX idx_peer_acks_hlc ON peer_acks (last_acked_hlc);
CREATE TABLE sync_log_identity (id INTEGER PRIMARY KEY CHECK (id = 1),
    library_id TEXT NOT NULL, device_id TEXT NOT NULL, log_id TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE sync_log_state (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL,
    floor TEXT NOT NULL, floor_tag TEXT NOT NULL, high_water TEXT NOT NULL,
    solo INTEGER NOT NULL DEFAULT 0 CHECK (solo IN (0, 1)),
    policy_time_ms INTEGER NOT NULL DEFAULT 0, evaluated_at TEXT);
CREATE TABLE sync_log_peers (peer_device_id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    admission INTEGER NOT NULL DEFAULT 1, registered_by TEXT NOT NULL,
    registered_at TEXT NOT NULL, retired_at TEXT, retired_reason TEXT, hold TEXT,
    lagging_since_ms INTEGER, seen_ms INTEGER);
CREATE TABLE sync_log_migrations (version varchar NOT NULL PRIMARY KEY,
    applied_at bigint NOT NULL);
INSERT INTO sync_log_migrations VALUES
    ('sync_log_0001_original_tables', 1), ('sync_log_0002_log_tables', 1);
";

/// Name, type, NOT NULL, default and place in the key of each column of each table.
fn columns(data_dir: &Path) -> Vec<String> {
    let db = raw(data_dir);
    let sql = "SELECT m.name || '.' || c.cid || ' ' || c.name || ' ' || c.type || \
               c.\"notnull\" || COALESCE(c.dflt_value, '-') || c.pk \
               FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c \
               WHERE m.type = 'table' AND m.name <> 'sync_log_migrations' ORDER BY 1";
    let mut query = db.prepare(sql).unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_log_of_the_first_version_is_brought_up_to_date() {
    let folder = folder();
    let zero = Hlc::ZERO;
    let log_id = Uuid::from_u128(77);
    let rows = format!(
        "INSERT INTO sync_log_identity VALUES
            (1, '{LIBRARY}', '{DEVICE}', '{log_id}', '2026-01-01T00:00:00.000Z');
         INSERT INTO sync_log_state (id, head, floor, floor_tag, high_water) VALUES
            (1, '{zero}', '{zero}', '0000000000000000', '{zero}')"
    );
    let db = raw(folder.path());
    db.execute_batch(FIRST_VERSION).unwrap();
    db.execute_batch(&rows).unwrap();
    drop(db);
    let log = open(folder.path()).await;
    assert_eq!(log.identity().log_id, log_id);
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let new = log_in_a_folder().await;
    assert_eq!(columns(folder.path()), columns(new.path()));
}

/// Before there was a chain, a tag was 16 digits, and entries had none in the file.
#[tokio::test]
async fn a_log_from_before_the_chain_is_adopted_unless_it_is_empty() {
    let stamp = |counter| Hlc::new(1_700_000_000_000, counter, DEVICE);
    for entries in [0, 3] {
        let folder = folder();
        let log_id = Uuid::from_u128(77);
        let (floor, head) = (stamp(9), stamp(9 + entries));
        let db = raw(folder.path());
        db.execute_batch(FIRST_VERSION).unwrap();
        let rows = format!(
            "INSERT INTO sync_log_identity VALUES
                (1, '{LIBRARY}', '{DEVICE}', '{log_id}', '2026-01-01T00:00:00.000Z');
             INSERT INTO sync_log_state (id, head, floor, floor_tag, high_water) VALUES
                (1, '{head}', '{floor}', '00112233445566ff', '{head}')"
        );
        db.execute_batch(&rows).unwrap();
        for counter in 0..entries {
            let hlc = stamp(10 + counter);
            let entry = format!(
                "INSERT INTO shared_changes VALUES ('{hlc}', 'tag', '{PEER}', 'delete', '{{}}', \
                 '2026-01-01T00:00:00.000Z')"
            );
            db.execute_batch(&entry).unwrap();
        }
        drop(db);
        let log = open(folder.path()).await;
        assert_eq!(log.identity().log_id == log_id, entries == 0);
        assert_eq!(log.get_since(None, 9).await.unwrap().len() as u64, entries);
        let position = log.floor_cursor().await.unwrap();
        assert_eq!(position.hlc(), floor);
        assert_eq!(position.tag(), Tag::ZERO, "it begins without a past");
        assert!(log.record(change(1)).await.unwrap() > head);
        log.close().await.unwrap();
        let inspector = Inspector::open(folder.path()).unwrap();
        let causes = inspector.adoptions().unwrap().into_iter();
        let causes: Vec<_> = causes.map(|adoption| adoption.cause).collect();
        let expected = vec!["the entries have no tags".to_owned(); usize::from(entries > 0)];
        assert_eq!(causes, expected);
        for check in inspector.verify().unwrap() {
            assert!(check.is_ok(), "{check:?}");
        }
    }
}

#[tokio::test]
async fn tables_and_indexes_of_others_by_our_names_are_refused_and_left_alone() {
    for made in [
        "CREATE TABLE sync_log_adoptions (x TEXT)",
        "CREATE TABLE sync_log_aside_changes (x TEXT)",
        "CREATE TABLE sync_log_aside_acks (id INTEGER PRIMARY KEY, adoption INTEGER)",
        "CREATE TABLE sync_log_entries (hlc TEXT PRIMARY KEY, tag BLOB)",
        "CREATE TABLE sync_log_peers (peer_device_id TEXT)",
        "CREATE VIEW sync_log_peers AS SELECT 1 AS peer_device_id WHERE 0",
        "CREATE TABLE other (last_acked_hlc TEXT);
         CREATE INDEX idx_peer_acks_hlc ON other (last_acked_hlc)",
    ] {
        let folder = folder();
        raw(folder.path()).execute_batch(made).unwrap();
        let before = columns(folder.path());
        let refused = refused(folder.path()).await;
        assert_eq!(refused.kind(), ErrorKind::RepairData, "{made}: {refused:?}");
        assert_eq!(columns(folder.path()), before, "{made}");
    }
}

#[tokio::test]
async fn a_log_that_lost_its_identity_and_state_is_neither_a_new_one_nor_another_devices() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let lost = "DELETE FROM sync_log_identity; DELETE FROM sync_log_state";
    raw(folder.path()).execute_batch(lost).unwrap();
    let before = contents(folder.path());
    for device in [DEVICE, Uuid::from_u128(0xa1)] {
        let opened = SyncDb::open(LIBRARY, device, folder.path()).await;
        assert_eq!(opened.unwrap_err().kind(), ErrorKind::RepairData);
        assert_eq!(contents(folder.path()), before);
    }
    // Without peers nothing tells it from tables that were made by hand.
    let forgotten = "DELETE FROM sync_log_peers; DELETE FROM peer_acks";
    raw(folder.path()).execute_batch(forgotten).unwrap();
    let adopted = open(folder.path()).await;
    assert!(!adopted.floor().await.unwrap().is_zero(), "it was adopted");
}

#[tokio::test]
async fn an_opening_that_was_given_up_changes_nothing_later() {
    let folder = folder();
    let other = raw(folder.path());
    let held = "CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE";
    other.execute_batch(held).unwrap();
    let options = SyncDb::options().busy_timeout(Duration::from_secs(60));
    let opening = options.open(LIBRARY, DEVICE, folder.path());
    let given_up = tokio::time::timeout(Duration::from_millis(100), opening).await;
    assert!(given_up.is_err());
    // Longer than the pause between two attempts.
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.execute_batch("COMMIT").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(columns(folder.path()), ["notes.0 text TEXT0-0"]);
}

#[tokio::test]
async fn a_newer_program_that_made_the_log_meanwhile_is_refused_by_name() {
    let (folder, newer) = (folder(), log_in_a_folder().await);
    let db = raw(folder.path());
    let wal = "PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT)";
    db.execute_batch(wal).unwrap();
    let newer = file_in(newer.path());
    db.execute("ATTACH ?1 AS newer", [newer.to_str().unwrap()])
        .unwrap();
    let made: Vec<(String, String)> = {
        let sql = "SELECT name, sql FROM newer.sqlite_master WHERE type = 'table'";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (name, sql) in &made {
        let filled = format!("{sql}; INSERT INTO main.{name} SELECT * FROM newer.{name}");
        db.execute_batch(&filled).unwrap();
    }
    let record = "INSERT INTO main.sync_log_migrations VALUES ('sync_log_9999_newer', 1)";
    db.execute(record, []).unwrap();
    let path = folder.path().to_owned();
    let opening = tokio::spawn(async move { refused(&path).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    db.execute_batch("COMMIT").unwrap();
    let refused = opening.await.unwrap();
    assert!(
        matches!(refused, OpenError::SchemaTooNew { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_an_apps_migrator_keeps_is_no_reason_to_refuse_a_log() {
    for kept in [
        "CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint);
         INSERT INTO seaql_migrations VALUES ('sync_log_views_of_the_app', 1)",
        "CREATE TABLE seaql_migrations (name TEXT)",
        "CREATE TABLE seaql_migrations (version INTEGER);
         INSERT INTO seaql_migrations VALUES (1)",
        "CREATE TABLE SEAQL_MIGRATIONS (version TEXT);
         INSERT INTO SEAQL_MIGRATIONS VALUES ('m1'), (CAST(x'ff' AS TEXT)), (NULL)",
    ] {
        let folder = log_in_a_folder().await;
        raw(folder.path()).execute_batch(kept).unwrap();
        open(folder.path()).await.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_note_that_the_log_was_altered_is_adopted_once_whatever_it_says() {
    for note in [
        "altered = x'00'",
        "altered_at = CAST(x'ff' AS TEXT)",
        "altered = 7",
    ] {
        let folder = log_in_a_folder().await;
        let noted = format!("UPDATE sync_log_state SET {note}");
        raw(folder.path()).execute_batch(&noted).unwrap();
        for _ in 0..2 {
            let log = open(folder.path()).await;
            log.record(change(1)).await.unwrap();
            log.close().await.unwrap();
        }
        let inspector = Inspector::open(folder.path()).unwrap();
        assert_eq!(inspector.adoptions().unwrap().len(), 1, "{note}");
    }
}

/// The errors of everything that a log can be asked.
async fn ask_everything(data_dir: &Path) {
    let Ok(log) = SyncDb::open(LIBRARY, DEVICE, data_dir).await else {
        return;
    };
    log.status().await.ok();
    log.explain().await.ok();
    log.peers().await.ok();
    log.get_since(None, 100).await.ok();
    log.record(change(9)).await.ok();
    log.register_peer(Uuid::from_u128(0xb2)).await.ok();
    log.prune_acked().await.ok();
    log.close().await.unwrap();
}

#[tokio::test]
async fn no_value_in_any_column_makes_a_panic() {
    // The hook is the whole process's.
    if as_child().is_none() {
        return run_alone(no_value_in_any_column_makes_a_panic);
    }
    // A panic on a thread of the store reaches no caller, so the hook counts it.
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        report(panic);
    }));
    let made = folder();
    let log = open(made.path()).await;
    log.register_peer(PEER).await.unwrap();
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let foreign = "INSERT INTO shared_changes VALUES ('x', 't', 'u', 'insert', '{}', 'now');
                   INSERT INTO peer_acks VALUES ('p', 'q', 'r')";
    common::other_program(made.path())
        .execute_batch(foreign)
        .unwrap();
    open(made.path()).await.close().await.unwrap();
    let columns: Vec<(String, String)> = {
        let db = raw(made.path());
        let sql = "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
                   WHERE m.type = 'table'";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    for (table, column) in columns {
        for value in ["x'ff00'", "CAST(x'ff41' AS TEXT)"] {
            let folder = folder();
            std::fs::copy(file_in(made.path()), file_in(folder.path())).unwrap();
            let db = raw(folder.path());
            db.pragma_update(None, "ignore_check_constraints", true)
                .unwrap();
            let spoil = format!("UPDATE {table} SET {column} = {value}");
            // A key of whole numbers takes nothing else.
            let is_spoiled = db.execute(&spoil, []).is_ok();
            drop(db);
            if is_spoiled {
                ask_everything(folder.path()).await;
                let inspector = Inspector::open(folder.path()).unwrap();
                inspector.verify().ok();
                inspector.adoptions().ok();
                inspector.aside_changes(0, 10).ok();
                inspector.identity().ok();
            }
        }
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}
