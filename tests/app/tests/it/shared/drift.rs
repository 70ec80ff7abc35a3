//! Pages of a device whose clock is wrong (`X5`).

use std::path::Path;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use sync_log_sqlite::records::{SharedRecords, SyncError};
use sync_log_sqlite::{Cursor, Hlc, ManualClock, Page, ReadLimits, SyncDb, Uuid};
use tempfile::{TempDir, tempdir};

use crate::records::gallery::declared;

use super::device::{Device, LAPTOP, Layout, PHONE, make_tables};

const NOW_MS: i64 = 1_700_000_000_000;
const DAY: Duration = Duration::from_hours(24);

/// A device whose clock stands still.
async fn device_at(folder: &Path, id: Uuid, wall_ms: i64) -> Device {
    make_tables(folder);
    opened_at(folder, id, wall_ms).await
}

async fn opened_at(folder: &Path, id: Uuid, wall_ms: i64) -> Device {
    let log = SyncDb::options().wall_clock(ManualClock::new(wall_ms));
    let options = SharedRecords::options().log(log);
    let opened = Device::open_by(options, Layout::Outbox, folder, id, declared());
    opened.await.unwrap()
}

/// A laptop in a folder, and a page of a phone whose clock is three days ahead.
async fn page_from_ahead() -> (TempDir, Device, Page) {
    let folders = [(); 2].map(|()| tempdir().unwrap());
    let ahead_ms = i64::try_from(3 * DAY.as_millis()).unwrap();
    let phone = device_at(folders[0].path(), PHONE, NOW_MS + ahead_ms).await;
    let laptop = device_at(folders[1].path(), LAPTOP, NOW_MS).await;
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    phone.add_tag(1, "beach").await;
    let read = phone.records.log();
    let read = read.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let page = read.await.unwrap();
    let [_, of_laptop] = folders;
    (of_laptop, laptop, page)
}

#[tokio::test]
async fn changes_that_are_dated_ahead_are_refused_until_a_person_accepts_them() {
    let (_folder, laptop, page) = page_from_ahead().await;

    let refused = laptop.records.apply(PHONE, &page).await.unwrap_err();
    assert!(matches!(refused, SyncError::Clock(_)), "{refused}");
    // What is above the stamp that was accepted is still refused.
    let below = Hlc::new(page.head.timestamp - 1, 0, PHONE);
    assert!(laptop.records.accept_drift(PHONE, below) < 3 * DAY);
    laptop.records.apply(PHONE, &page).await.unwrap_err();
    // So are the stamps of other devices.
    assert_eq!(laptop.records.accept_drift(LAPTOP, page.head), 3 * DAY);
    laptop.records.apply(PHONE, &page).await.unwrap_err();
    assert_eq!(laptop.records.cursor(PHONE).await.unwrap(), Cursor::ZERO);

    assert_eq!(laptop.records.accept_drift(PHONE, page.head), 3 * DAY);
    let applied = laptop.records.apply(PHONE, &page).await.unwrap();
    assert_eq!(applied.watermark, page.next);
    assert_eq!(laptop.tags().await, ["beach"]);
    // Its own change of the record wins, and is in its log.
    laptop.rename_tag(1, "sea").await;
    let own = laptop.pending().await;
    assert!(own.len() == 1 && own[0].hlc > page.head, "{own:?}");
    assert_eq!(laptop.tags().await, ["sea"]);
}

#[tokio::test]
async fn a_refused_page_is_in_the_status_until_a_page_of_that_device_is_applied() {
    let (folder, laptop, page) = page_from_ahead().await;
    laptop.records.apply(PHONE, &page).await.unwrap_err();

    let later = opened_at(folder.path(), LAPTOP, NOW_MS + 1000).await;
    for (device, waited_ms) in [(&laptop, 0), (&later, 1000)] {
        let [known] = device.received().await[..] else {
            panic!("one device is known");
        };
        let refused = known.refused.unwrap();
        assert_eq!((known.origin, refused.hlc), (PHONE.into(), page.head));
        assert_eq!(
            u128::from(refused.ahead_ms + waited_ms),
            3 * DAY.as_millis()
        );
        assert_eq!(known.last_page_at_ms, NOW_MS);
        assert_eq!(known.cursor, Cursor::ZERO);
    }
    let _ = laptop.records.accept_drift(PHONE, page.head);
    let _ = laptop.records.apply(PHONE, &page).await.unwrap();
    let [applied] = laptop.received().await[..] else {
        panic!("one device is known");
    };
    assert_eq!((applied.refused, applied.is_behind()), (None, false));
}

#[tokio::test]
async fn a_refusal_that_could_not_be_stored_is_stored_by_the_next_one() {
    let (_folder, laptop, page) = page_from_ahead().await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON sync_log_origins
        BEGIN SELECT RAISE(ABORT, 'full'); END";
    laptop.db.execute_unprepared(full).await.unwrap();
    laptop.records.apply(PHONE, &page).await.unwrap_err();
    assert_eq!(laptop.received().await, []);
    let drop = "DROP TRIGGER full";
    laptop.db.execute_unprepared(drop).await.unwrap();
    laptop.records.apply(PHONE, &page).await.unwrap_err();
    let [known] = laptop.received().await[..] else {
        panic!("one device is known");
    };
    assert_eq!(known.refused.unwrap().hlc, page.head);
}
