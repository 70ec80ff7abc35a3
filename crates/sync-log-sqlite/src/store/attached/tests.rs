//! Jobs in a transaction that the caller ends.

use std::time::Duration;

use rusqlite::Connection;
use sea_orm::sea_query::{Expr, Query};
use sync_log_core::{
    Birth, Change, DeviceId, LogIdentity, Needs, StoreFault, Uuid, Writes, take_over,
};

use super::*;
use crate::driver::connect::{self, Location};
use crate::driver::{Busy, Template, Transaction, in_place, one};
use crate::store::select;
use crate::{FILE_NAME, SqliteStore};

const LIBRARY: Uuid = Uuid::from_u128(1);
const DEVICE: Uuid = Uuid::from_u128(2);

/// A database with a log.
async fn database(folder: &tempfile::TempDir) -> (Connection, Anchor) {
    let path = folder.path();
    let made = SqliteStore::open(path, LIBRARY, DEVICE, Birth::Alone, Duration::ZERO, 0).await;
    made.unwrap().close().await.unwrap();
    let location = Location::File(path.join(FILE_NAME));
    let db = connect::writer(&location, Busy::NOT).unwrap();
    let anchor = Anchor::of_attached(state(&db).identity);
    (db, anchor)
}

fn state(db: &Connection) -> LogState {
    in_place(select::state(db)).unwrap()
}

/// Raises the high-water, or is refused.
fn job(to: Result<Hlc, LogError>) -> WriteJob {
    let decide = move |_: &sync_log_core::View<'_>| {
        Ok(Writes {
            high_water: Some(to.clone()?),
            ..Writes::default()
        })
    };
    WriteJob::new(|_| Needs::default(), decide)
}

fn stamp() -> Hlc {
    Hlc::new(5, 0, DEVICE)
}

#[tokio::test]
async fn what_a_job_wrote_is_committed_or_rolled_back_with_the_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (db, anchor) = database(&folder).await;
    let before = state(&db);
    let txn = Transaction::write(&db, Busy::NOT).unwrap();
    in_place(run_in(&db, &anchor, job(Ok(stamp())))).unwrap();
    assert_eq!(state(&db).high_water, stamp());
    drop(txn);
    assert_eq!(state(&db), before);

    let again = Transaction::write(&db, Busy::NOT).unwrap();
    in_place(run_in(&db, &anchor, job(Ok(stamp())))).unwrap();
    again.commit().unwrap();
    assert_eq!(state(&db).high_water, stamp());
}

#[tokio::test]
async fn a_refused_job_leaves_the_rest_of_the_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (db, anchor) = database(&folder).await;
    let txn = Transaction::write(&db, Busy::NOT).unwrap();
    in_place(run_in(&db, &anchor, job(Ok(stamp())))).unwrap();
    let refused = in_place(run_in(&db, &anchor, job(Err(LogError::ZeroLimit))));
    assert!(matches!(refused, Err(LogError::ZeroLimit)), "{refused:?}");
    txn.commit().unwrap();
    assert_eq!(state(&db).high_water, stamp());
}

#[tokio::test]
async fn another_log_than_the_attached_one_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (db, _) = database(&folder).await;
    let other = LogIdentity {
        device_id: DeviceId::from(Uuid::from_u128(3)),
        ..state(&db).identity
    };
    let refused = in_place(run_in(&db, &Anchor::of_attached(other), job(Ok(stamp()))));
    let LogError::Store(refused) = refused.unwrap_err() else {
        panic!("the storage is another log's");
    };
    assert_eq!(refused.fault(), StoreFault::Moved);
}

/// Appends an entry of this device.
fn append(ms: u64) -> WriteJob {
    let change = Change::insert("tag", Uuid::from_u128(4), &"beach").unwrap();
    let entry = change.stamped(Hlc::new(ms, 0, DEVICE));
    take_over(vec![entry], 0)
}

#[tokio::test]
async fn a_state_from_before_another_job_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (db, _) = database(&folder).await;
    let txn = Transaction::write(&db, Busy::NOT).unwrap();
    let beside = Query::select().expr(Expr::cust("'beside'")).to_owned();
    let lock = Template::build("take the write lock", &select::lock_state(beside));
    let (locked, found) = in_place(one(&db, &lock, &[], select::locked_state)).unwrap();
    assert_eq!((locked, found.as_deref()), (state(&db), Some("beside")));
    in_place(run_at(&db, locked, append(5))).unwrap();
    let refused = in_place(run_at(&db, locked, append(6)));
    let LogError::Store(refused) = refused.unwrap_err() else {
        panic!("the head moved");
    };
    assert_eq!(refused.fault(), StoreFault::Locked);
    drop(txn);
}
