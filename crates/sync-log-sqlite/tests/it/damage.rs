//! Rows that were broken by hand: they are named, never skipped and never shown.

use sync_log_sqlite::{ChainFault, Cursor, Hlc, LogError, ReadLimits, StoreFault, SyncDb};

use crate::common::{self, PEER, change, fresh, open, raw};

const SECRET: &str = "nobody may see this";

/// A log with two entries and a peer, broken by `sql` behind its back.
async fn broken(sql: &str) -> (tempfile::TempDir, SyncDb) {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    for record in 1..=2 {
        let secret = serde_json::json!(SECRET);
        log.record(common::change_with(record, secret))
            .await
            .unwrap();
    }
    raw(folder.path()).execute_batch(sql).expect(sql);
    (folder, log)
}

fn assert_named(error: &LogError, parts: &[&str]) {
    let LogError::Store(store) = error else {
        panic!("{error:?}");
    };
    assert_eq!(store.fault(), StoreFault::Corrupt, "{store:?}");
    let told = format!("{error}");
    for part in parts {
        assert!(told.contains(part), "{told} should name {part}");
    }
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

/// Nothing was served or deleted, and the entry is named, not its payload.
fn assert_unreadable(error: &LogError, hlc: Hlc) {
    let LogError::Altered(altered) = error else {
        panic!("{error:?}");
    };
    assert_eq!((altered.hlc, altered.fault), (hlc, ChainFault::Unreadable));
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

/// Opens a log in which something was found, and says why rows went aside.
async fn reasons_aside(folder: &std::path::Path) -> Vec<String> {
    open(folder).await.close().await.unwrap();
    let file = raw(folder);
    let mut reasons = file
        .prepare("SELECT reason FROM sync_log_aside_changes")
        .unwrap();
    let reasons = reasons.query_map([], |row| row.get(0));
    reasons.unwrap().map(Result::unwrap).collect()
}

const FIRST: &str = "WHERE hlc = (SELECT min(hlc) FROM shared_changes)";

#[tokio::test]
async fn an_entry_of_which_a_column_is_broken_is_not_served_and_goes_aside() {
    for (set, column) in [
        ("hlc = upper(hlc)", "hlc"),
        ("hlc = 'f'", "hlc"),
        ("hlc = CAST(hlc AS BLOB)", "hlc"),
        ("record_uuid = upper(record_uuid) || 'A'", "record_uuid"),
        ("record_uuid = replace(record_uuid, '-', '')", "record_uuid"),
        ("record_uuid = x'00ff'", "record_uuid"),
        ("change_type = 'bulk_insert'", "change_type"),
        ("change_type = x'ff'", "change_type"),
        ("model_type = x'ff'", "model_type"),
        ("model_type = ''", "model_type"),
        ("data = data || '}'", "data"),
        ("data = ''", "data"),
        ("data = x'ff'", "data"),
    ] {
        let (folder, log) = broken("SELECT 1").await;
        let entries = log.get_since(None, 10).await.unwrap();
        let sql = format!("UPDATE shared_changes SET {set} {FIRST}");
        raw(folder.path()).execute_batch(&sql).unwrap();
        let position = if column == "hlc" {
            Hlc::ZERO
        } else {
            entries[0].hlc
        };
        let refusals = [
            log.get_since(None, 10).await.unwrap_err(),
            log.read_for(PEER, Cursor::ZERO, ReadLimits::default())
                .await
                .unwrap_err(),
            log.record(change(3)).await.unwrap_err(),
        ];
        for error in refusals {
            assert_unreadable(&error, position);
        }
        log.close().await.unwrap();
        let reasons = reasons_aside(folder.path()).await;
        assert!(
            reasons.len() == 1 && reasons[0].starts_with(column),
            "{set}: {reasons:?}"
        );
        let adopted = open(folder.path()).await;
        assert_eq!(
            adopted.get_since(None, 10).await.unwrap(),
            entries[1..],
            "{set}"
        );
    }
}

#[tokio::test]
async fn a_stamp_that_cannot_be_read_stops_pruning_and_its_entry_goes_aside() {
    for set in ["hlc = '0broken'", "hlc = NULL"] {
        let (folder, log) = broken(&format!("UPDATE shared_changes SET {set} {FIRST}")).await;
        let head = log.head().await.unwrap();
        log.record_ack(PEER, head).await.unwrap();
        assert_unreadable(&log.prune_acked().await.unwrap_err(), Hlc::ZERO);
        log.close().await.unwrap();
        let reasons = reasons_aside(folder.path()).await;
        assert_eq!(reasons, ["hlc is not a stamp in strict form"], "{set}");
    }
}

#[tokio::test]
async fn an_entry_whose_date_cannot_be_read_is_dated_by_its_stamp() {
    let (_folder, log) = broken("UPDATE shared_changes SET created_at = 'yesterday'").await;
    let explained = log.explain().await.unwrap();
    let lag_ms = explained.reasons[0].lag_ms;
    assert!(lag_ms < 60_000, "{lag_ms} ms since the stamp");
    let head = log.head().await.unwrap();
    log.record_ack(PEER, head).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 2);
}

#[tokio::test]
async fn a_broken_column_of_the_state_is_named() {
    for (set, column) in [
        ("head = 'broken'", "head"),
        ("head = x'ff'", "head"),
        ("floor = ''", "floor"),
        ("floor_tag = 'XYZ'", "floor_tag"),
        ("floor_tag = x'00'", "floor_tag"),
        ("high_water = upper(high_water) || ' '", "high_water"),
        ("settled = ''", "settled"),
    ] {
        let (_folder, log) = broken(&format!("UPDATE sync_log_state SET {set}")).await;
        let named = format!("column {column} of sync_log_state");
        assert_named(&log.head().await.unwrap_err(), &[&named]);
        assert_named(&log.record(change(3)).await.unwrap_err(), &[&named]);
        assert_named(&log.explain().await.unwrap_err(), &[&named]);
    }
}

#[tokio::test]
async fn what_lies_before_a_broken_entry_is_served_and_pruned_until_that_is_read() {
    for column in ["record_uuid", "change_type", "data", "model_type"] {
        let (folder, log) = broken("SELECT 1").await;
        log.record(change(3)).await.unwrap();
        let all = log.get_since(None, 10).await.unwrap();
        let sql = format!(
            "UPDATE shared_changes SET {column} = CAST({column} AS BLOB) || x'ff' WHERE hlc = ?1"
        );
        let second = all[1].hlc;
        raw(folder.path())
            .execute(&sql, [second.to_string()])
            .unwrap();
        assert_eq!(log.get_since(None, 1).await.unwrap(), all[..1]);
        assert_eq!(log.get_since(Some(second), 10).await.unwrap(), all[2..]);
        log.record_ack(PEER, all[0].hlc).await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 1);
        assert_eq!(log.explain().await.unwrap().pending_entries, 2);
        log.record(change(4)).await.unwrap();
        let read = log.get_since(None, 10).await;
        assert_unreadable(&read.unwrap_err(), second);
        assert_unreadable(&log.get_since(Some(second), 10).await.unwrap_err(), second);
    }
}

/// What belongs to the log itself is needed to open it; the refusal leaves the file as it is.
#[tokio::test]
async fn a_broken_identity_state_or_record_of_migrations_is_named_and_not_opened() {
    const MIGRATIONS: &str = "sync_log_migrations";
    let identity = |set| format!("UPDATE sync_log_identity SET {set}");
    let column = |name| format!("column {name} of sync_log_identity");
    let spoiled = format!("UPDATE {MIGRATIONS} SET version = x'ff' WHERE version LIKE");
    let lost = format!("DELETE FROM {MIGRATIONS} WHERE version LIKE");
    for (sql, named) in [
        (identity("library_id = 'x'"), column("library_id")),
        (
            identity("device_id = upper(device_id)"),
            column("device_id"),
        ),
        (identity("device_id = x'ff'"), column("device_id")),
        (identity("log_id = 'x'"), column("log_id")),
        ("DELETE FROM sync_log_identity".to_owned(), String::new()),
        ("DELETE FROM sync_log_state".to_owned(), String::new()),
        (format!("{spoiled} '%0001%'"), MIGRATIONS.to_owned()),
        (format!("{spoiled} '%0002%'"), MIGRATIONS.to_owned()),
        (format!("{lost} '%0001%'"), MIGRATIONS.to_owned()),
        (format!("{lost} '%0002%'"), MIGRATIONS.to_owned()),
        (format!("DELETE FROM {MIGRATIONS}"), MIGRATIONS.to_owned()),
        (format!("DROP TABLE {MIGRATIONS}"), MIGRATIONS.to_owned()),
    ] {
        let (folder, log) = broken(&sql).await;
        // A log that is open has read its migrations.
        if named != MIGRATIONS {
            assert_named(&log.head().await.unwrap_err(), &[&named]);
        }
        log.close().await.unwrap();
        let before = common::contents(folder.path());
        let opened = SyncDb::open(common::LIBRARY, common::DEVICE, folder.path()).await;
        let error = opened.expect_err(&sql);
        assert_named(error.as_log_error().expect("the log refuses"), &[&named]);
        assert_eq!(common::contents(folder.path()), before, "{sql}");
    }
}
