//! An attached log beside the app that uses its database.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, EntityTrait, PaginatorTrait, TransactionTrait,
};
use sync_log_sqlite::entity::shared_changes;
use sync_log_sqlite::{ErrorKind, Hlc, LogError, StoreFault, SyncDb, WallClock, log_state};
use tokio::time::timeout;

use super::app::App;
use super::pools::{TUNED, connect};
use crate::common::{DEVICE, LIBRARY, PEER, change};

/// Longer than any call takes.
const SOON: Duration = Duration::from_secs(20);

#[track_caller]
fn assert_fault(error: &LogError, fault: StoreFault) {
    let is_it = matches!(error, LogError::Store(error) if error.fault() == fault);
    assert!(is_it, "{error:?}");
}

#[tokio::test]
async fn the_app_sees_the_entries_over_its_own_connection() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let hlc = log.record(change(1)).await.unwrap();
    assert_eq!(
        shared_changes::Entity::find().count(&app.db).await.unwrap(),
        1
    );
    assert_eq!(log_state(&app.db).await.unwrap().head.hlc, hlc);
}

/// The second pool turns the database into one with a WAL, beside the first one's open log.
#[tokio::test]
async fn pools_of_other_settings_share_one_log() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let db = connect(&app.file(), &TUNED).await;
    let other = SyncDb::attach(&db, LIBRARY, DEVICE).await.unwrap();
    let mut stamps = Vec::new();
    for number in 0..3 {
        stamps.push(log.record(change(number)).await.unwrap());
        stamps.push(other.record(change(number)).await.unwrap());
    }
    for handle in [log, other] {
        let pending = handle.get_since(None, 100).await.unwrap();
        let found: Vec<Hlc> = pending.iter().map(|entry| entry.hlc).collect();
        assert_eq!(found, stamps);
    }
}

/// Another program put the database of another device, or an adopted one, in its place (`I6`).
#[tokio::test]
async fn another_log_in_the_database_is_neither_read_nor_written() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    log.record(change(1)).await.unwrap();
    let moved = format!("UPDATE sync_log_identity SET log_id = '{PEER}'");
    app.raw().execute(&moved, []).unwrap();
    assert_fault(&log.head().await.unwrap_err(), StoreFault::Moved);
    assert_fault(&log.record(change(2)).await.unwrap_err(), StoreFault::Moved);
    assert_fault(&log.explain().await.unwrap_err(), StoreFault::Moved);
    log.close().await.unwrap();
    assert_eq!(
        shared_changes::Entity::find().count(&app.db).await.unwrap(),
        1
    );
}

/// As the branch of a `select!` that is not taken. The app has one connection, which each of these
/// futures would keep.
#[tokio::test]
async fn a_future_that_nobody_polls_holds_no_connection_and_no_lock() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let mut record = Box::pin(log.record(change(1)));
    let mut read = Box::pin(log.get_since(None, 10));
    let mut explain = Box::pin(log.explain());
    poll_fn(|context| {
        let _ = record.as_mut().poll(context);
        let _ = read.as_mut().poll(context);
        let _ = explain.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    let others = async {
        let txn = app.db.begin().await.unwrap();
        txn.execute_unprepared("INSERT INTO tag (id) VALUES ('1')")
            .await
            .unwrap();
        txn.commit().await.unwrap();
        log.record(change(2)).await.unwrap();
        log.close().await.unwrap();
    };
    timeout(SOON, others).await.unwrap();
    record.await.unwrap();
    read.await.unwrap();
}

#[tokio::test]
async fn a_call_waits_while_the_app_holds_its_only_connection() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let txn = app.db.begin().await.unwrap();
    let mut record = Box::pin(log.record(change(1)));
    let waits = timeout(Duration::from_millis(100), &mut record).await;
    assert!(waits.is_err(), "the app has the connection");
    txn.commit().await.unwrap();
    timeout(SOON, record).await.unwrap().unwrap();
}

/// A call within a transaction over the same pool waits for itself, until the driver gives up.
#[tokio::test]
async fn a_call_within_a_transaction_on_the_only_connection_fails_for_lack_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let mut options = ConnectOptions::new(format!("sqlite:{}?mode=rwc", path.display()));
    options.acquire_timeout(Duration::from_millis(100));
    let db = Database::connect(options).await.unwrap();
    let log = SyncDb::attach(&db, LIBRARY, DEVICE).await.unwrap();
    let txn = db.begin().await.unwrap();
    let refused = log.record(change(1)).await.unwrap_err();
    assert_fault(&refused, StoreFault::NoConnection);
    assert_eq!(refused.kind(), ErrorKind::Retry);
    assert_fault(&log.head().await.unwrap_err(), StoreFault::NoConnection);
    txn.rollback().await.unwrap();
    log.record(change(1)).await.unwrap();
    assert_eq!(log.get_since(None, 10).await.unwrap().len(), 1);
}

/// A wall clock that panics at the reading that is so many ahead; 0 panics at none.
#[derive(Clone, Default)]
struct Moody(Arc<AtomicI64>);

impl WallClock for Moody {
    fn now_ms(&self) -> i64 {
        assert_ne!(self.0.fetch_sub(1, Ordering::Relaxed), 1, "a bad mood");
        1_700_000_000_000
    }
}

#[tokio::test]
async fn a_wall_clock_that_panics_fails_one_call() {
    let app = App::new().await;
    let moody = Moody::default();
    let options = SyncDb::options().wall_clock(moody.clone());
    let log = options.attach(&app.db, LIBRARY, DEVICE).await.unwrap();
    let mut written = 0;
    for readings in 1..=3 {
        moody.0.store(readings, Ordering::Relaxed);
        let calls: Vec<_> = (0..5)
            .map(|number| {
                let log = log.clone();
                tokio::spawn(async move { log.record(change(number)).await })
            })
            .collect();
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => written += 1,
                Err(error) => assert_fault(&error, StoreFault::Panicked),
            }
        }
    }
    assert!(written >= 12, "one call of each round panics");
    assert_eq!(log.get_since(None, 100).await.unwrap().len(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_executor_may_poll_the_futures_while_the_runtime_runs() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let elsewhere = {
        let log = log.clone();
        std::thread::spawn(move || {
            let other = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            other.block_on(async {
                log.record(change(1)).await.unwrap();
                log.get_since(None, 10).await.unwrap().len()
            })
        })
    };
    assert_eq!(elsewhere.join().unwrap(), 1);
}

#[test]
fn a_log_whose_runtime_has_ended_is_closed() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let (app, log) = first.block_on(async {
        let app = App::new().await;
        let log = app.attach().await.unwrap();
        log.record(change(1)).await.unwrap();
        (app, log)
    });
    drop(first);
    runtime().block_on(async {
        assert_fault(
            &log.record(change(2)).await.unwrap_err(),
            StoreFault::Closed,
        );
        assert_fault(&log.head().await.unwrap_err(), StoreFault::Closed);
        timeout(SOON, log.close()).await.unwrap().unwrap();
    });
    let count: i64 = app
        .raw()
        .query_row("SELECT count(*) FROM shared_changes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}

/// What another program undid is named at the next commit (`R4`).
#[tokio::test]
async fn a_commit_that_was_undone_is_named_by_the_next_one() {
    for is_closed in [false, true] {
        let app = App::new().await;
        let log = app.attach().await.unwrap();
        let first = log.record(change(1)).await.unwrap();
        let tag = "SELECT head_tag FROM sync_log_state";
        let tag: String = app.raw().query_row(tag, [], |row| row.get(0)).unwrap();
        let last = log.record(change(2)).await.unwrap();
        let undone = format!(
            "DELETE FROM shared_changes WHERE hlc = '{last}'; \
             DELETE FROM sync_log_entries WHERE hlc = '{last}'; \
             UPDATE sync_log_state SET head = '{first}', head_tag = '{tag}'"
        );
        app.raw().execute_batch(&undone).unwrap();
        if is_closed {
            assert_fault(&log.close().await.unwrap_err(), StoreFault::Corrupt);
        } else {
            let refused = log.record(change(3)).await.unwrap_err();
            assert!(
                matches!(refused, LogError::Altered(altered) if altered.hlc == last),
                "{refused:?}"
            );
            log.close().await.unwrap();
        }
        let again = app.attach().await.unwrap();
        assert_ne!(
            again.identity().log_id,
            log.identity().log_id,
            "it was adopted"
        );
    }
}

/// A page of large entries takes about as much memory as it has bytes, although the driver reads all
/// rows of a query at once.
#[tokio::test]
async fn a_page_of_large_entries_ends_where_its_bytes_end() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    log.register_peer(PEER).await.unwrap();
    for number in 0..6 {
        let mut large = change(number);
        large.data = serde_json::json!("x".repeat(1_000_000)).into();
        log.record(large).await.unwrap();
    }
    let mut cursor = sync_log_sqlite::Cursor::ZERO;
    let mut pages = Vec::new();
    loop {
        let page = log.read_for(PEER, cursor, sync_log_sqlite::ReadLimits::default());
        let page = page.await.unwrap();
        pages.push(page.entries.len());
        cursor = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, [4, 2]);
}

/// SQLite rolls a transaction back by itself when the disk is full, and the app's driver does not
/// notice. Neither the log nor the app may then commit to a transaction that never ends.
#[tokio::test]
async fn after_a_full_disk_the_log_and_the_app_commit_as_before() {
    let app = App::new().await;
    let log = app.attach().await.unwrap();
    let limit = async |pages: u32| {
        let limit = format!("PRAGMA max_page_count = {pages}");
        app.db.execute_unprepared(&limit).await.unwrap();
    };
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        app.raw()
            .query_row(&count, [], |row| row.get::<_, u32>(0))
            .unwrap()
    };
    for round in 1..=3 {
        limit(1).await;
        let mut large = change(u128::from(round));
        large.data = serde_json::json!("x".repeat(500_000)).into();
        let refused = log.record(large).await.unwrap_err();
        assert_fault(&refused, StoreFault::Full);
        limit(1_000_000).await;
        // A read is rolled back, too.
        log.get_since(None, 10).await.unwrap();
        log.record(change(u128::from(round))).await.unwrap();
        assert_eq!(count("shared_changes"), round);
        let txn = app.db.begin().await.unwrap();
        let insert = format!("INSERT INTO tag (id) VALUES ('{round}')");
        txn.execute_unprepared(&insert).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(count("tag"), round);
    }
    log.close().await.unwrap();
}
