//! Files whose tables another program changed, or made in its own way (`I3`, `I4`, `P5`):
//! what is kept, what is named, and what is refused and left as it is.

use std::path::Path;

use sync_log_sqlite::CEILING_MS;
use sync_log_sqlite::MAX_DATA_BYTES;
use sync_log_sqlite::inspect::{Inspector, try_adoption};
use sync_log_sqlite::{
    Ack, Cause, Change, Cursor, Hlc, JsonText, LogError, OpenError, ReadLimits, SyncDb,
    SystemClock, Uuid, WallClock,
};

use crate::common::tables::adoption_causes;
use crate::common::{
    DEVICE, LIBRARY, PEER, change, contents, file_in, folder, fresh, open, other_program, raw,
};

const SHARED_CHANGES: &str = "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, \
    model_type TEXT NOT NULL, record_uuid TEXT NOT NULL, change_type TEXT NOT NULL, \
    data TEXT NOT NULL, created_at TEXT NOT NULL);";

fn row(hlc: Hlc, record: u128) -> String {
    let record = Uuid::from_u128(record);
    format!(
        "INSERT INTO shared_changes VALUES \
         ('{hlc}', 'tag', '{record}', 'update', '{{}}', '2024-01-01T00:00:00Z');"
    )
}

fn own(counter: u64) -> Hlc {
    Hlc::new(1_700_000_000_000, counter, DEVICE)
}

/// A file of an earlier program with `tables` and two own entries.
fn earlier(tables: &str) -> tempfile::TempDir {
    let folder = folder();
    let entries = row(own(1), 1) + &row(own(2), 2);
    let made = other_program(folder.path()).execute_batch(&(tables.to_owned() + &entries));
    made.unwrap();
    folder
}

/// A log of ours with five entries, of which a peer has the first; then `change` is made.
async fn changed(sql: &str) -> (tempfile::TempDir, Cursor) {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    for record in 0..5 {
        log.record(change(record)).await.unwrap();
    }
    let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::entries(1));
    let cursor = page.await.unwrap().next;
    log.close().await.unwrap();
    other_program(folder.path()).execute_batch(sql).unwrap();
    (folder, cursor)
}

async fn refusal(data_dir: &Path) -> OpenError {
    SyncDb::open(LIBRARY, DEVICE, data_dir).await.unwrap_err()
}

/// Without the third entry, in a table that was made anew; what the first was is kept.
fn without_the_third() -> String {
    format!(
        "ALTER TABLE shared_changes RENAME TO backup; {SHARED_CHANGES} \
         INSERT INTO shared_changes SELECT * FROM backup WHERE record_uuid NOT LIKE '%2';"
    )
}

/// Not only at the next opening: a log that is open goes on with nothing.
#[tokio::test]
async fn a_log_that_is_open_while_its_tables_are_made_anew_is_not_used() {
    let (folder, cursor) = changed("").await;
    let log = open(folder.path()).await;
    let reading = SyncDb::open_read_only(folder.path()).await.unwrap();
    for handle in [&log, &reading] {
        assert_eq!(handle.get_since(None, 9).await.unwrap().len(), 5);
    }
    let program = other_program(folder.path());
    // Other tables are no reason.
    program.execute_batch("CREATE TABLE theirs (x)").unwrap();
    log.record(change(9)).await.unwrap();
    program.execute_batch(&without_the_third()).unwrap();
    for handle in [&log, &reading] {
        let page = handle.read_for(PEER, cursor, ReadLimits::default()).await;
        assert!(matches!(page, Err(LogError::Altered(_))), "{page:?}");
    }
    for refused in [
        log.record(change(10)).await.unwrap_err(),
        log.acknowledge(Ack::new(PEER, cursor)).await.unwrap_err(),
        log.prune_acked().await.unwrap_err(),
    ] {
        assert!(matches!(refused, LogError::Altered(_)), "{refused}");
    }
    let reasons = log.explain().await.unwrap().reasons;
    assert!(
        reasons
            .iter()
            .any(|reason| matches!(reason.cause, Cause::Altered(_)))
    );
    log.close().await.unwrap();
    open(folder.path()).await.close().await.unwrap();
    assert_eq!(adoption_causes(folder.path()).len(), 1);
}

/// What begins like ours is not ours.
#[tokio::test]
async fn a_trigger_of_another_program_is_no_reason_to_adopt() {
    let theirs = "CREATE TABLE sync_log (x); CREATE TRIGGER sync_log_touch \
                  AFTER INSERT ON sync_log BEGIN SELECT 1; END;";
    let (folder, _) = changed(theirs).await;
    for _ in 0..2 {
        open(folder.path()).await.close().await.unwrap();
    }
    assert_eq!(adoption_causes(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_table_that_was_dropped_is_made_and_the_log_goes_on_above_what_it_was() {
    let (folder, cursor) = changed("DROP TABLE shared_changes; DROP TABLE peer_acks").await;
    let log = open(folder.path()).await;
    assert_eq!(
        adoption_causes(folder.path()),
        ["the newest entry is missing"]
    );
    let peers = log.peers().await.unwrap();
    assert!(peers[0].as_ref().unwrap().acked.is_zero());
    assert!(log.record(change(9)).await.unwrap() > cursor.hlc());
    let checks = Inspector::open(folder.path()).unwrap().verify().unwrap();
    assert!(checks.iter().all(|check| check.is_ok()), "{checks:?}");
}

/// Whatever cannot be kept byte for byte, or in which no log can be kept, is refused, and
/// a log of ours that became so too.
#[tokio::test]
async fn tables_that_are_no_longer_what_they_were_are_refused_and_left_alone() {
    let changes = [
        "ALTER TABLE shared_changes ADD COLUMN batch TEXT; DELETE FROM shared_changes",
        "CREATE TABLE c AS SELECT * FROM shared_changes; DROP TABLE shared_changes; \
         ALTER TABLE c RENAME TO shared_changes",
        "CREATE TABLE c AS SELECT * FROM peer_acks; DROP TABLE peer_acks; \
         ALTER TABLE c RENAME TO peer_acks",
        "DROP TABLE shared_changes; CREATE VIEW shared_changes AS SELECT 1 AS hlc",
        "DROP TABLE shared_changes; CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, \
         model_type TEXT, record_uuid TEXT, change_type TEXT, data TEXT, created_at TEXT) \
         WITHOUT ROWID",
    ];
    for sql in changes {
        let (folder, _) = changed(sql).await;
        let before = tables(folder.path());
        for _ in 0..2 {
            let refused = refusal(folder.path()).await;
            assert!(
                matches!(refused, OpenError::NotAdoptable { .. }),
                "{sql}: {refused}"
            );
        }
        assert_eq!(tables(folder.path()), before, "{sql}");
    }
}

/// The text of all tables, as SQLite has it.
fn tables(data_dir: &Path) -> Vec<String> {
    let db = raw(data_dir);
    let mut query = db
        .prepare("SELECT sql FROM sqlite_master ORDER BY name")
        .unwrap();
    let found = query.query_map([], |row| row.get::<_, Option<String>>(0));
    found
        .unwrap()
        .map(|sql| sql.unwrap().unwrap_or_default())
        .collect()
}

/// Another device's clock is no reason to be ahead of everybody, and neither is an own row of the
/// far future. An own stamp that is near is never used twice, even if its row goes aside.
#[tokio::test]
async fn a_stamp_of_another_device_far_ahead_does_not_move_the_clock() {
    for far_ms in [253_402_000_000_000, CEILING_MS - 1] {
        let folder = earlier(SHARED_CHANGES);
        let far = row(Hlc::new(far_ms, 0, PEER), 3);
        let ack = format!(
            "CREATE TABLE peer_acks (peer_device_id TEXT PRIMARY KEY, last_acked_hlc TEXT, \
             acked_at TEXT); INSERT INTO peer_acks VALUES ('{PEER}', '{}', '')",
            Hlc::new(far_ms, 0, DEVICE)
        );
        other_program(folder.path())
            .execute_batch(&(far + &ack))
            .unwrap();
        let log = open(folder.path()).await;
        let stamp = log.record(change(1)).await.unwrap();
        assert!(stamp.timestamp < 3_000_000_000_000, "{stamp}");
    }
    let far_ms = 3_000_000_000_000;
    let near_ms = SystemClock.now_ms().cast_unsigned() + 3_600_000;
    for (ahead_ms, is_passed) in [(near_ms, true), (far_ms, false)] {
        let folder = earlier(SHARED_CHANGES);
        let ahead = Hlc::new(ahead_ms, 0, DEVICE);
        // Its model is empty, so it goes aside.
        let strange = row(ahead, 3).replace("'tag'", "''");
        other_program(folder.path())
            .execute_batch(&strange)
            .unwrap();
        let log = open(folder.path()).await;
        let is_above = log.record(change(1)).await.unwrap() > ahead;
        assert_eq!(is_above, is_passed, "{ahead}");
    }
}

#[tokio::test]
async fn rows_that_refer_to_an_entry_are_not_touched() {
    for action in ["", "ON DELETE CASCADE"] {
        let folder = earlier(SHARED_CHANGES);
        let theirs = format!(
            "CREATE TABLE delivery (hlc TEXT REFERENCES shared_changes (hlc) {action}); {} \
             INSERT INTO delivery SELECT hlc FROM shared_changes;",
            row(Hlc::new(5, 0, PEER), 3)
        );
        other_program(folder.path()).execute_batch(&theirs).unwrap();
        let log = open(folder.path()).await;
        log.declare_solo().await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 2);
        let count = "SELECT COUNT(*) FROM delivery";
        let left: i64 = raw(folder.path())
            .query_row(count, [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 3, "{action}");
    }
}

/// Its length is asked for first, so nobody sees that it is no text either.
#[tokio::test]
async fn a_row_that_is_far_too_large_goes_aside_without_being_read() {
    let folder = earlier(SHARED_CHANGES);
    let large = row(own(3), 3).replace("'{}'", "CAST(randomblob(20000000) AS TEXT)");
    other_program(folder.path()).execute_batch(&large).unwrap();
    let log = open(folder.path()).await;
    assert_eq!(log.get_since(None, 9).await.unwrap().len(), 2);
    let aside = &Inspector::open(folder.path()).unwrap().adoptions().unwrap()[0].aside;
    assert_eq!(aside[0].reason, "data is over the limit");
}

/// UTF-16 takes twice the bytes, and a limit counts those of UTF-8.
#[tokio::test]
async fn a_file_in_utf_16_is_adopted_by_the_same_limits() {
    let folder = earlier(&format!("PRAGMA encoding = 'UTF-16'; {SHARED_CHANGES}"));
    let (fits, over) = (MAX_DATA_BYTES - 2, MAX_DATA_BYTES - 1);
    for (number, length) in [(3, fits), (4, over)] {
        let text = format!("'\"' || printf('%.*c', {length}, 'x') || '\"'");
        let row = row(own(number), number.into()).replace("'{}'", &text);
        other_program(folder.path()).execute_batch(&row).unwrap();
    }
    let log = open(folder.path()).await;
    assert_eq!(log.get_since(None, 9).await.unwrap().len(), 3);
    let aside = &Inspector::open(folder.path()).unwrap().adoptions().unwrap()[0].aside;
    assert_eq!(
        (aside[0].rows, &*aside[0].reason),
        (1, "data is over the limit")
    );
}

/// JSON that is a number stays the text that it was.
#[tokio::test]
async fn payloads_stay_byte_for_byte_in_a_file_that_was_adopted() {
    let folder = earlier(&SHARED_CHANGES.replace("data TEXT", "data VARCHAR"));
    let log = open(folder.path()).await;
    let data = JsonText::new("1.0").unwrap();
    let number = Change { data, ..change(9) };
    log.record(number).await.unwrap();
    let entries = log.get_since(None, 9).await.unwrap();
    assert_eq!(entries[2].data.as_str(), "1.0");
}

/// To close a descriptor of the file would drop this process's locks on it; another
/// program would then take itself for the only one, and remove the `-wal`.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn trying_an_adoption_leaves_the_locks_of_an_open_log_alone() {
    use std::os::unix::fs::MetadataExt;

    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let path = file_in(folder.path());
    let inode = std::fs::metadata(&path).unwrap().ino();
    let mine = [format!(" {} ", std::process::id()), format!(":{inode} ")];
    // The system gives the list in parts, and may leave out a lock while other programs' locks come
    // and go. A lock that was dropped is in none of many lists.
    let is_locked = || {
        (0..100).any(|_| {
            let locks = std::fs::read_to_string("/proc/locks").unwrap();
            let mut locks = locks.lines();
            locks.any(|lock| mine.iter().all(|part| lock.contains(part)))
        })
    };
    assert!(
        is_locked(),
        "SQLite holds a lock as long as the log is open"
    );
    let tried = try_adoption(&path, LIBRARY, DEVICE).await;
    assert_eq!(tried.unwrap().len(), 0);
    assert!(is_locked(), "A3");
    log.close().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_adopted_is_named_by_the_path_that_was_given() {
    let folder = earlier(&SHARED_CHANGES.replace("data TEXT", "data JSON"));
    let path = file_in(folder.path());
    let refused = try_adoption(&path, LIBRARY, DEVICE).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(path.to_str().unwrap()), "{refused}");
}

/// A table with this constraint on a column.
fn with_check(column: &str, check: &str) -> String {
    let declared = format!("{column} TEXT NOT NULL");
    SHARED_CHANGES.replace(&declared, &format!("{declared} CHECK ({check})"))
}

/// A log of every kind of change cannot be kept there: the first delete would be an error for ever.
#[tokio::test]
async fn a_table_whose_constraints_refuse_what_a_log_takes_is_not_adopted() {
    let longest = format!("length(data) < {MAX_DATA_BYTES}");
    for (column, check) in [
        ("change_type", "change_type IN ('insert', 'update')"),
        ("change_type", "change_type <> 'delete'"),
        ("data", longest.as_str()),
    ] {
        let folder = earlier(&with_check(column, check));
        let before = contents(folder.path());
        let error = refusal(folder.path()).await;
        let OpenError::NotAdoptable { reason, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(reason.contains("CHECK"), "{reason}");
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn a_table_whose_constraints_take_every_entry_is_adopted() {
    for (column, check) in [
        (
            "change_type",
            "change_type IN ('insert', 'update', 'delete')",
        ),
        ("hlc", "length(hlc) = 70"),
        ("data", "json_valid(data)"),
    ] {
        let folder = earlier(&with_check(column, check));
        let log = open(folder.path()).await;
        assert_eq!(log.get_since(None, 9).await.unwrap().len(), 2);
        let deleted = Change::delete("tag", Uuid::from_u128(1));
        log.record(deleted).await.unwrap();
    }
}
