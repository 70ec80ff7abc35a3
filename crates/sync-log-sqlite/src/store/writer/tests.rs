//! Transactions that SQLite ends by itself, as it does when the disk is full. The test limits the
//! pages of the file instead, which only this crate can do.

#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at files past the product"
)]

use std::future::pending;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use sync_log_core::ManualClock;
use sync_log_core::{
    Birth, Change, ChangeType, Hlc, LogOptions, LogStore, MAX_SHARED_COMMIT_BYTES, Needs,
    Positions, ReadRequest, ReadView, StoreFault, Survey, SyncLog, Uuid, WriteJob, Writes,
};
use tokio::sync::oneshot;

use super::*;
use crate::driver::connect::{self, Location};
use crate::driver::files::Files;
use crate::driver::raw::pragma::VACUUM_PAGES;
use crate::store::jobs::Job;
use crate::store::view;
use crate::{FILE_NAME, SqliteStore};

const LIBRARY: Uuid = Uuid::from_u128(1);
const DEVICE: Uuid = Uuid::from_u128(2);
const BUSY: Busy = Busy::DEFAULT;

/// Less than any file has: it can still be changed, and not grow.
const NO_MORE: u32 = 1;
const ENOUGH: u32 = 1_000_000;

/// The writer without its thread, so that its connection can be reached.
#[derive(Clone)]
struct Direct(Arc<Mutex<Connection>>, Arc<Anchor>);

impl Direct {
    fn db(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap()
    }

    fn limit_pages(&self, pages: u32) {
        let db = self.db();
        db.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

#[async_trait]
impl LogStore for Direct {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        let (answer, mut answered) = oneshot::channel();
        let mut writing = Writing {
            db: &self.db(),
            anchor: &self.1,
            busy: BUSY,
            commits: watch::channel(()).0,
            wal: Wal::at(None),
            committed: None,
            is_closed: false,
        };
        writing.serve(vec![Queued {
            job: Job::Decide(job),
            answer,
        }]);
        answered.try_recv().unwrap()
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        in_place(view::read(&*self.db(), &request))
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        in_place(view::survey(&*self.db(), positions))
    }

    async fn head_above(&self, _: Hlc) -> Result<Hlc, StoreError> {
        pending().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn change(bytes: usize) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(9),
        change_type: ChangeType::Insert,
        data: serde_json::json!("x".repeat(bytes)).into(),
        model_version: 0,
    }
}

async fn store_in(folder: &Path) -> (Direct, Location) {
    let made = SqliteStore::open(folder, LIBRARY, DEVICE, Birth::Alone, BUSY.timeout(), 0).await;
    made.unwrap().close().await.unwrap();
    let location = Location::File(folder.join(FILE_NAME));
    let db = connect::writer(&location, BUSY).unwrap();
    let database = Files::of(&location).unwrap();
    let anchor = Anchor::of_writer(&db, database).unwrap();
    (Direct(Arc::new(Mutex::new(db)), Arc::new(anchor)), location)
}

fn stamps(db: &Connection) -> Vec<String> {
    let sql = "SELECT hlc FROM shared_changes WHERE model_type <> '' ORDER BY hlc";
    let mut query = db.prepare(sql).unwrap();
    let stamps = query.query_map([], |row| row.get(0)).unwrap();
    stamps.map(Result::unwrap).collect()
}

fn assert_full(refused: &LogError) {
    let is_full = matches!(refused, LogError::Store(error) if error.fault() == StoreFault::Full);
    assert!(is_full, "{refused:?}");
}

#[tokio::test]
async fn what_is_ok_after_a_full_disk_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, location) = store_in(folder.path()).await;
    let options = LogOptions::new(ManualClock::new(1_000));
    let log = SyncLog::open(store.clone(), LIBRARY, DEVICE, options).await;
    let log = log.unwrap();
    let other = connect::bystander(&location, BUSY).unwrap();
    let mut promised = vec![log.record(change(10)).await.unwrap()];
    for _ in 0..3 {
        store.limit_pages(NO_MORE);
        assert_full(&log.record(change(100_000)).await.unwrap_err());
        store.limit_pages(ENOUGH);
        // Another program takes the place: a failure that is ours to roll back.
        let clash = change(10).stamped(log.tick().await.unwrap());
        let taken = "INSERT INTO shared_changes VALUES (?1, '', '', '', '', '')";
        other.execute(taken, [clash.hlc.to_string()]).unwrap();
        log.append(clash).await.unwrap_err();
        assert!(store.db().is_autocommit(), "a transaction is left open");
        promised.push(log.record(change(10)).await.unwrap());
    }
    let promised: Vec<_> = promised.iter().map(ToString::to_string).collect();
    assert_eq!(stamps(&other), promised);
}

#[tokio::test]
async fn pages_that_a_prune_freed_are_given_back_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let (store, location) = store_in(folder.path()).await;
    let count = |name: &str| -> u32 {
        let db = connect::bystander(&location, BUSY).unwrap();
        db.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    let before = count("page_count");
    let db = store.db();
    let lock = Transaction::write(&db, BUSY).unwrap();
    db.execute_batch(
        "CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(4000000)); DROP TABLE big",
    )
    .unwrap();
    lock.commit().unwrap();
    let freed = count("freelist_count");
    assert!(freed > 2 * VACUUM_PAGES, "{freed}");
    assert!(free_pages::give_back(&db, BUSY));
    assert_eq!(count("freelist_count"), freed - VACUUM_PAGES);
    while free_pages::give_back(&db, BUSY) {}
    assert_eq!((count("freelist_count"), count("page_count")), (0, before));
}

#[tokio::test]
async fn an_idle_writer_gives_back_what_a_prune_freed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(
        folder.path(),
        LIBRARY,
        DEVICE,
        Birth::Alone,
        BUSY.timeout(),
        0,
    )
    .await;
    let options = LogOptions::new(ManualClock::new(1_000));
    let log = SyncLog::open(store.unwrap(), LIBRARY, DEVICE, options).await;
    let log = log.unwrap();
    let pages = || {
        let location = Location::File(folder.path().join(FILE_NAME));
        let db = connect::bystander(&location, BUSY).unwrap();
        let pages = db.pragma_query_value(None, "page_count", |row| row.get(0));
        let pages: u32 = pages.unwrap();
        pages
    };
    let before = pages();
    log.record_many(vec![change(100_000); 10]).await.unwrap();
    assert!(pages() > before + 2 * VACUUM_PAGES);
    log.declare_solo().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 10);
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while pages() > before {
        assert!(std::time::Instant::now() < deadline, "{} pages", pages());
        tokio::time::sleep(IDLE).await;
    }
}

/// A job that may append so many bytes.
fn queued(content_bytes: usize) -> Queued {
    let job = WriteJob::new(|_| Needs::default(), |_| Ok(Writes::default()));
    let job = Job::Decide(job.with_content_bytes(content_bytes));
    let (answer, _) = oneshot::channel();
    Queued { job, answer }
}

/// The bytes of each commit that these jobs share, in their order.
fn commits(content_bytes: &[usize]) -> Vec<Vec<usize>> {
    let mut jobs: VecDeque<Queued> = content_bytes.iter().copied().map(queued).collect();
    let mut commits = Vec::new();
    while !jobs.is_empty() {
        let shared = next_commit(&mut jobs);
        commits.push(shared.iter().map(|it| it.job.content_bytes()).collect());
    }
    commits
}

#[test]
fn a_small_record_behind_large_batches_shares_no_commit_of_more_than_the_bound() {
    const MOST: usize = MAX_SHARED_COMMIT_BYTES;
    assert_eq!(commits(&[10; 200]), [[10; 200]]);
    assert_eq!(commits(&[MOST - 10, 10]), [[MOST - 10, 10]]);
    let behind = commits(&[16 * MOST, 16 * MOST, 10, MOST, 10, 10]);
    let expected = [
        vec![16 * MOST],
        vec![16 * MOST],
        vec![10],
        vec![MOST],
        vec![10, 10],
    ];
    assert_eq!(behind, expected);
    assert_eq!(commits(&[10, usize::MAX, usize::MAX]).len(), 3);
}
