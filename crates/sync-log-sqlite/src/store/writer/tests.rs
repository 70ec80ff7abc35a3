//! What SQLite ends by itself, as it does when the disk is full. Here the pages
//! of the file are limited instead, which only this crate can do.

use std::path::Path;

use sync_log_core::hlc::ManualClock;
use sync_log_core::{Change, ChangeType, LogOptions, StoreErrorKind, SyncLog, Uuid};

use super::*;
use crate::connect::{FULL, synchronous};
use crate::probe::{Found, statement};
use crate::store::open::open_parts;
use crate::{FILE_NAME, SqliteStore};

const LIBRARY: Uuid = Uuid::from_u128(1);
const DEVICE: Uuid = Uuid::from_u128(2);
const BUSY: Duration = Duration::from_secs(5);

/// Less than any file has: it can still be changed, and not grow.
const NO_MORE: u32 = 1;
const ENOUGH: u32 = 1_000_000;

async fn limit_pages(db: &DatabaseConnection, pages: u32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    db.execute_unprepared(&sql).await.unwrap();
}

fn change(bytes: usize) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(9),
        change_type: ChangeType::Insert,
        data: serde_json::json!("x".repeat(bytes)).into(),
    }
}

/// A log, and the connections that it writes and reads through.
async fn log_in(folder: &Path) -> (SyncLog, DatabaseConnection, DatabaseConnection) {
    let path = folder.join(FILE_NAME);
    let opened = open_parts(&path, LIBRARY, DEVICE, BUSY, 0).await;
    let (writer, readers) = opened.unwrap();
    let store = SqliteStore::new(writer.clone(), readers.clone(), BUSY);
    let options = LogOptions::new(ManualClock::new(1_000));
    let log = SyncLog::open(store, LIBRARY, DEVICE, options).await;
    (log.unwrap(), writer, readers)
}

async fn stamps(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT hlc FROM shared_changes WHERE model_type <> '' ORDER BY hlc";
    let rows = db.query_all_raw(statement(sql)).await.unwrap();
    let stamps = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    stamps.collect()
}

fn assert_full(refused: &LogError) {
    let is_full = matches!(refused, LogError::Store(error) if error.kind() == StoreErrorKind::Full);
    assert!(is_full, "{refused:?}");
}

#[tokio::test]
async fn what_is_ok_after_a_full_disk_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (log, writer, _) = log_in(folder.path()).await;
    let path = folder.path().join(FILE_NAME);
    let other = connect::bystander(&path, BUSY).await.unwrap();
    let mut promised = vec![log.record(change(10)).await.unwrap()];
    for _ in 0..3 {
        limit_pages(&writer, NO_MORE).await;
        assert_full(&log.record(change(100_000)).await.unwrap_err());
        limit_pages(&writer, ENOUGH).await;
        // Another program takes the place: a failure that is ours to roll back.
        let clash = change(10).stamped(log.tick().await.unwrap());
        let (hlc, row) = (clash.hlc, "INSERT INTO shared_changes VALUES");
        let taken = format!("{row} ('{hlc}', '', '', '', '', '')");
        other.execute_unprepared(&taken).await.unwrap();
        log.append(clash).await.unwrap_err();
        promised.push(log.record(change(10)).await.unwrap());
    }
    let promised: Vec<_> = promised.iter().map(ToString::to_string).collect();
    assert_eq!(stamps(&other).await, promised);
    assert_eq!(synchronous(&writer).await.unwrap(), FULL);
}

#[tokio::test]
async fn a_failure_has_synchronous_read_back_before_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let db = connect::writer(&path, Found::Nothing, BUSY).await.unwrap();
    let mut connection = Connection {
        db: db.clone(),
        busy: BUSY,
        verified: true,
    };
    // There is no table yet, so it fails.
    let failed = connection.commit(&mut []).await;
    assert!(matches!(failed, Err(Failed::BeforeCommit(_))));
    db.execute_unprepared("PRAGMA synchronous = NORMAL")
        .await
        .unwrap();
    let refused = connection.commit(&mut []).await;
    assert!(
        matches!(&refused, Err(Failed::Final(error)) if error.to_string().contains("is 1")),
        "a commit that would not be durable"
    );
}

/// A transaction on each of the connections.
async fn begin_on_all(readers: &DatabaseConnection) -> Vec<DatabaseTransaction> {
    let mut all = Vec::new();
    for _ in 0..connect::READERS {
        all.push(readers.begin().await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_reader_whose_transaction_sqlite_ended_is_not_stuck_in_an_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _, readers) = log_in(folder.path()).await;
    for txn in begin_on_all(&readers).await {
        // As SQLite does when a page cannot be read.
        txn.execute_unprepared("ROLLBACK").await.unwrap();
    }
    for txn in begin_on_all(&readers).await {
        // A read that is dropped half-way.
        crate::store::select::state(&txn).await.unwrap();
    }
    for _ in 0..10 {
        let head = log.record(change(10)).await.unwrap();
        assert_eq!(log.head().await.unwrap(), head);
    }
}
