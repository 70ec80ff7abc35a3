//! Adoption while a clock is, or was, wrong (`I3`, `H5`, `H9`).

use std::path::Path;

use rusqlite::types::Value;
use sync_log_sqlite::{CEILING_MS, Cause, Hlc, ManualClock, SyncDb, Uuid};

use crate::common::tables::{changes_in, rows};
use crate::common::{DEVICE, LIBRARY, change, file_in, folder, other_program, raw};

const NOW_MS: i64 = 1_700_000_000_000;
const DAY_MS: i64 = 86_400_000;

async fn open_at(data_dir: &Path, now_ms: i64) -> SyncDb {
    let options = SyncDb::options().wall_clock(ManualClock::new(now_ms));
    options.open(LIBRARY, DEVICE, data_dir).await.unwrap()
}

/// The file of a program that knows only the original tables, with a row of this device for each
/// time.
fn spacedrive_style(times_ms: &[i64]) -> tempfile::TempDir {
    let folder = folder();
    let db = rusqlite::Connection::open(file_in(folder.path())).unwrap();
    db.execute_batch(
        "CREATE TABLE shared_changes (
            hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL, record_uuid TEXT NOT NULL,
            change_type TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL);
         CREATE TABLE peer_acks (
            peer_device_id TEXT NOT NULL, last_acked_hlc TEXT NOT NULL, acked_at TEXT NOT NULL,
            PRIMARY KEY (peer_device_id));",
    )
    .unwrap();
    for ms in times_ms {
        insert(&db, Hlc::new(ms.cast_unsigned(), 0, DEVICE));
    }
    folder
}

/// Another program writes a row.
fn insert(db: &rusqlite::Connection, hlc: Hlc) {
    let row =
        "INSERT INTO shared_changes VALUES (?1, 'tag', ?2, 'insert', '1', '2023-11-14T00:00:00Z')";
    let record = Uuid::from_u128(7).to_string();
    db.execute(row, [hlc.to_string(), record]).unwrap();
}

fn stamps_in(data_dir: &Path, table: &str) -> Vec<u64> {
    let stamp = |row: Vec<Value>| match &row[0] {
        Value::Text(hlc) => hlc.parse::<Hlc>().unwrap().timestamp,
        other => panic!("{other:?} is no stamp"),
    };
    let found = changes_in(&raw(data_dir), table).into_iter();
    found.map(stamp).collect()
}

/// A row of 2099 goes aside and carries the clock nowhere; a row at the limit stays.
#[tokio::test]
async fn an_own_row_that_is_dated_too_far_ahead_goes_aside() {
    let far = 4_086_000_000_000;
    let times = [NOW_MS - 5, NOW_MS + DAY_MS, NOW_MS + DAY_MS + 1, far];
    let folder = spacedrive_style(&times);
    let log = open_at(folder.path(), NOW_MS).await;
    let times = times.map(i64::cast_unsigned);
    assert_eq!(stamps_in(folder.path(), "shared_changes"), times[..2]);
    let aside = stamps_in(folder.path(), "sync_log_aside_changes");
    assert_eq!(aside, times[2..]);
    let reasons = rows(
        &raw(folder.path()),
        "SELECT DISTINCT reason FROM sync_log_aside_changes",
    );
    let expected = Value::Text("hlc is too far ahead of the wall clock".to_owned());
    assert_eq!(reasons, [[expected]]);
    assert_eq!(log.record(change(1)).await.unwrap().timestamp, times[1]);
}

/// Such a wall clock is no measure: every row stays.
#[tokio::test]
async fn a_file_is_adopted_while_the_wall_clock_reads_1970() {
    for now_ms in [0, 5, -1, i64::MAX] {
        let folder = spacedrive_style(&[NOW_MS - 5, NOW_MS]);
        let log = open_at(folder.path(), now_ms).await;
        let kept = stamps_in(folder.path(), "shared_changes");
        assert_eq!(kept.len(), 2, "at {now_ms}");
        let next = log.record(change(1)).await.unwrap();
        assert_eq!(next.timestamp, NOW_MS.cast_unsigned(), "at {now_ms}");
    }
}

/// The log gave out stamps of the wrong time itself. They stay when it is adopted again, and a row
/// of another program beyond them does not.
#[tokio::test]
async fn stamps_that_the_log_gave_out_stay_when_it_is_adopted_again() {
    let folder = folder();
    let ahead = open_at(folder.path(), NOW_MS + 3 * DAY_MS).await;
    let given = ahead.record(change(1)).await.unwrap();
    ahead.close().await.unwrap();
    let beyond = Hlc::new((NOW_MS + 9 * DAY_MS).cast_unsigned(), 0, DEVICE);
    insert(&other_program(folder.path()), beyond);
    let log = open_at(folder.path(), NOW_MS).await;
    let kept = stamps_in(folder.path(), "shared_changes");
    assert_eq!(kept, [given.timestamp]);
    let aside = stamps_in(folder.path(), "sync_log_aside_changes");
    assert_eq!(aside, [beyond.timestamp]);
    assert!(log.record(change(2)).await.unwrap() < beyond);
}

/// The app knows that the clock of the earlier program was ahead: its rows are entries, and the log
/// goes on above them. What no clock can reach still goes aside.
#[tokio::test]
async fn own_rows_that_are_dated_too_far_ahead_stay_if_the_app_says_so() {
    let far = 4_086_000_000_000;
    let folder = spacedrive_style(&[NOW_MS - 5, far, CEILING_MS.cast_signed()]);
    let stranger = Hlc::new(far.cast_unsigned() + 9, 0, Uuid::from_u128(0xee));
    insert(&other_program(folder.path()), stranger);
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    let opened = options.adopt_rows_ahead();
    let log = opened.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let kept = [NOW_MS - 5, far].map(i64::cast_unsigned);
    assert_eq!(stamps_in(folder.path(), "shared_changes"), kept);
    let aside = stamps_in(folder.path(), "sync_log_aside_changes");
    assert_eq!(aside, [stranger.timestamp, CEILING_MS]);
    let next = log.record(change(1)).await.unwrap();
    assert_eq!(next.timestamp, kept[1]);
    let reasons = log.explain().await.unwrap().reasons;
    let is_ahead = |cause: &Cause| matches!(cause, Cause::ClockAhead { .. });
    assert!(reasons.iter().any(|reason| is_ahead(&reason.cause)));
}
