//! A watch wakes when what a screen shows has changed (`R3`).

use std::time::Duration;

use sea_orm::ActiveModelTrait;
use sync_log_sqlite::records::begin;
use sync_log_sqlite::{Change, Cursor, LogError, ReadLimits, StatusWatch, StoreFault};
use tempfile::tempdir;
use tokio::time::timeout;

use super::device::{Device, LAPTOP, Layout, PHONE, new_tag};

/// A watch wakes much sooner.
const SOON: Duration = Duration::from_secs(5);
/// Long enough to see that a watch does not wake, except on a very slow machine.
const A_WHILE: Duration = Duration::from_millis(50);

async fn wakes(watch: &mut StatusWatch, why: &str) {
    let woken = timeout(SOON, watch.changed()).await;
    woken.unwrap_or_else(|_| panic!("{why} wakes it")).unwrap();
    // One call may be several commits.
    while timeout(A_WHILE, watch.changed()).await.is_ok() {}
}

async fn sleeps(watch: &mut StatusWatch, why: &str) {
    let woken = timeout(A_WHILE, watch.changed()).await;
    assert!(woken.is_err(), "{why} changes nothing");
}

#[tokio::test]
async fn what_is_committed_wakes_a_watch() {
    for layout in Layout::BOTH {
        let [of_phone, of_laptop] = [(); 2].map(|()| tempdir().unwrap());
        let phone = Device::alone(layout, of_phone.path(), PHONE).await;
        let laptop = Device::alone(layout, of_laptop.path(), LAPTOP).await;
        let mut watch = phone.records.watch().await.unwrap();
        sleeps(&mut watch, "a watch that is made").await;
        phone.register(&laptop).await;
        wakes(&mut watch, "a peer").await;
        phone.add_tag(1, "beach").await;
        wakes(&mut watch, "an own change").await;

        let txn = begin(&phone.db).await.unwrap();
        let city = new_tag(2, "city").insert(&txn).await.unwrap();
        let change = Change::insert("tag", city.id, &city).unwrap();
        phone.records.record_in(&txn, change).await.unwrap();
        sleeps(&mut watch, "a transaction that is open").await;
        txn.commit().await.unwrap();
        phone.records.drain().await.unwrap();
        wakes(&mut watch, "a change in a transaction of the app's").await;

        laptop.pull(&phone).await;
        wakes(&mut watch, "an ack").await;
        phone.records.drain().await.unwrap();
        let _ = phone.records.status().await.unwrap();
        sleeps(&mut watch, "a look").await;
    }
}

#[tokio::test]
async fn what_arrives_wakes_a_watch() {
    for layout in Layout::BOTH {
        let [of_phone, of_laptop] = [(); 2].map(|()| tempdir().unwrap());
        let phone = Device::alone(layout, of_phone.path(), PHONE).await;
        let laptop = Device::alone(layout, of_laptop.path(), LAPTOP).await;
        phone.register(&laptop).await;
        phone.add_tag(1, "beach").await;
        let mut watch = laptop.records.watch().await.unwrap();
        let log = phone.records.log();
        let page = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        let page = page.await.unwrap();
        let _ = laptop.records.apply(PHONE, &page).await.unwrap();
        wakes(&mut watch, "a page").await;
        let _ = laptop.records.apply(PHONE, &page).await.unwrap();
        sleeps(&mut watch, "a page that comes twice").await;

        phone.add_tag(2, "city").await;
        laptop.take_snapshot(&phone).await;
        wakes(&mut watch, "a snapshot").await;
        laptop.close().await;
        let Err(LogError::Store(error)) = watch.changed().await else {
            panic!("a closed log ends its watches");
        };
        assert_eq!(error.fault(), StoreFault::Closed);
    }
}
