//! What the status says of other devices, and which devices have a change (`R3`).

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sea_orm::ActiveModelTrait;
use sync_log_sqlite::records::{Received, SharedRecords, begin};
use sync_log_sqlite::{Change, DeviceId, ManualClock, Page, ReadLimits, SyncDb, Uuid};
use tempfile::tempdir;

use super::device::{Device, LAPTOP, Layout, PHONE, database, make_tables, new_tag, tag_id};
use crate::records::gallery::declared;

const NOW_MS: i64 = 1_700_000_000_000;

/// A device with a clock that is set by hand.
async fn device_at(wall: &Arc<ManualClock>, folder: &Path, id: Uuid) -> Device {
    make_tables(folder);
    let log = SyncDb::options().wall_clock(Arc::clone(wall));
    let options = SharedRecords::options().log(log);
    let opened = Device::open_by(options, Layout::Outbox, folder, id, declared());
    opened.await.unwrap()
}

/// The next page of another device, of one entry.
async fn next_page(reader: &Device, of: &Device) -> Page {
    let one = ReadLimits {
        max_entries: 1,
        ..ReadLimits::default()
    };
    let cursor = reader.cursor(of).await;
    let page = of.records.log().read_for(reader.id, cursor, one).await;
    page.unwrap()
}

async fn the_phone(laptop: &Device) -> Received {
    let [phone] = laptop.received().await[..] else {
        panic!("one device is known");
    };
    phone
}

/// When the row of the only other device was written.
fn stored(folder: &Path) -> String {
    let db = Connection::open(database(folder)).unwrap();
    let at = "SELECT last_page_at FROM sync_log_origins";
    db.query_row(at, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_status_says_what_is_behind_and_when_the_last_page_came() {
    let [of_phone, of_laptop] = [(); 2].map(|()| tempdir().unwrap());
    let wall = Arc::new(ManualClock::new(NOW_MS));
    let phone = device_at(&wall, of_phone.path(), PHONE).await;
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    for (id, name) in [(1, "beach"), (2, "city")] {
        phone.add_tag(id, name).await;
    }
    let laptop = device_at(&wall, of_laptop.path(), LAPTOP).await;
    assert_eq!(laptop.received().await, []);

    let first = next_page(&laptop, &phone).await;
    let _ = laptop.records.apply(PHONE, &first).await.unwrap();
    let behind = the_phone(&laptop).await;
    assert!(behind.is_behind());
    assert_eq!((behind.cursor, behind.head), (first.next, first.head));
    assert_eq!(behind.last_page_at_ms, NOW_MS);
    let written = stored(of_laptop.path());

    // A page that brings nothing new is remembered, and writes nothing.
    wall.advance_ms(5000);
    let _ = laptop.records.apply(PHONE, &first).await.unwrap();
    assert_eq!(the_phone(&laptop).await.last_page_at_ms, NOW_MS + 5000);
    assert_eq!(stored(of_laptop.path()), written);
    // So is a page that is refused.
    wall.advance_ms(5000);
    let mut altered = first.clone();
    altered.entries.clear();
    laptop.records.apply(PHONE, &altered).await.unwrap_err();
    assert_eq!(the_phone(&laptop).await.last_page_at_ms, NOW_MS + 10_000);

    let laptop = laptop.reopened(declared()).await;
    let after_a_restart = the_phone(&laptop).await;
    assert!(after_a_restart.is_behind());
    assert_eq!(after_a_restart.last_page_at_ms, NOW_MS);
    let second = next_page(&laptop, &phone).await;
    let _ = laptop.records.apply(PHONE, &second).await.unwrap();
    assert!(!the_phone(&laptop).await.is_behind());
    // A page that was overtaken says nothing of the head.
    let _ = laptop.records.apply(PHONE, &first).await.unwrap();
    assert!(!the_phone(&laptop).await.is_behind());
}

#[tokio::test]
async fn the_age_of_the_oldest_change_counts_changes_that_are_not_in_the_log_yet() {
    let folder = tempdir().unwrap();
    let wall = Arc::new(ManualClock::new(NOW_MS));
    let laptop = device_at(&wall, folder.path(), LAPTOP).await;
    laptop.records.log().register_peer(PHONE).await.unwrap();
    let txn = begin(&laptop.db).await.unwrap();
    let beach = new_tag(1, "beach").insert(&txn).await.unwrap();
    let change = Change::insert("tag", beach.id, &beach).unwrap();
    laptop.records.record_in(&txn, change).await.unwrap();
    txn.commit().await.unwrap();
    wall.advance_ms(700);
    let status = laptop.records.status().await.unwrap();
    assert_eq!((status.outbox_entries, status.log.oldest_age_ms), (1, 0));
    assert_eq!(status.oldest_age_ms, 700);
    laptop.records.drain().await.unwrap();
    wall.advance_ms(50);
    let drained = laptop.records.status().await.unwrap();
    assert_eq!(drained.outbox_entries, 0);
    assert_eq!(drained.oldest_age_ms, drained.log.oldest_age_ms);
    assert!(drained.oldest_age_ms >= 50);
}

async fn acked_by(device: &Device, tag: u128) -> Option<Vec<DeviceId>> {
    device.records.acked_by(&tag_id(tag)).await.unwrap()
}

#[tokio::test]
async fn a_change_is_on_the_devices_that_acknowledged_it() {
    for layout in Layout::BOTH {
        let [of_phone, of_laptop] = [(); 2].map(|()| tempdir().unwrap());
        let phone = Device::alone(layout, of_phone.path(), PHONE).await;
        let laptop = Device::alone(layout, of_laptop.path(), LAPTOP).await;
        phone.register(&laptop).await;
        laptop.register(&phone).await;
        assert_eq!(acked_by(&phone, 1).await, None, "there is no such record");
        phone.add_tag(1, "beach").await;
        assert_eq!(acked_by(&phone, 1).await, Some(Vec::new()));
        laptop.pull(&phone).await;
        assert_eq!(acked_by(&phone, 1).await, Some(vec![laptop.id]));
        assert_eq!(acked_by(&laptop, 1).await, None, "the phone has made it");

        laptop.rename_tag(1, "sea").await;
        assert_eq!(acked_by(&laptop, 1).await, Some(Vec::new()));
        phone.pull(&laptop).await;
        assert_eq!(acked_by(&laptop, 1).await, Some(vec![phone.id]));
        phone.delete_tag(1).await;
        assert_eq!(acked_by(&phone, 1).await, Some(Vec::new()));
    }
}
