//! One of the two files was lost or restored, and snapshots bring the devices together again (`B1`).

use std::fs;

use sync_log_sqlite::receive::SnapshotError;
use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{Cursor, LogError, VerdictKind};
use tempfile::TempDir;

use super::baseline;
use super::device::{Device, LAPTOP, Layout, PHONE, TABLET, database, make_tables};
use super::files::{log_of, put_back, remove};

/// A phone and a laptop that have the same tag.
async fn in_sync() -> ([TempDir; 2], Device, Device) {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    laptop.pull(&phone).await;
    assert!(phone.pending().await.is_empty(), "it was pruned");
    (folders, phone, laptop)
}

fn is_bootstrap<T>(read: &Result<T, LogError>) -> bool {
    matches!(
        read,
        Err(LogError::Compacted { .. } | LogError::OtherLog { .. })
    )
}

#[tokio::test]
async fn rows_that_were_there_before_reach_the_others_by_a_snapshot() {
    let folder = baseline::folder_with_a_tag();
    let phone = baseline::open(&folder).await;
    let laptop_folder = tempfile::tempdir().unwrap();
    let laptop = Device::new(laptop_folder.path(), LAPTOP, PHONE).await;
    phone.register(&laptop).await;
    laptop.add_tag(2, "city").await;
    let refused = phone.answers(&laptop, Cursor::ZERO).await;
    assert!(is_bootstrap(&refused), "{refused:?}");

    laptop.take_snapshot(&phone).await;
    assert_eq!(laptop.tags().await, ["beach", "city"]);
    phone.rename_tag(1, "sea").await;
    assert_eq!(laptop.pull(&phone).await, 1);
    phone.pull(&laptop).await;
    // The versions of its own rows come back to the phone, and are no changes that it lost.
    phone.take_snapshot(&laptop).await;
    for device in [&phone, &laptop] {
        assert_eq!(device.tags().await, ["city", "sea"]);
    }
}

#[tokio::test]
async fn a_log_that_was_lost_is_read_on_after_a_snapshot() {
    let (folders, before, laptop) = in_sync().await;
    before.add_tag(2, "city").await;
    before.close().await;
    remove(&log_of(folders[0].path()));

    let phone = Device::open(folders[0].path(), PHONE).await;
    phone.register(&laptop).await;
    let cursor = laptop.cursor(&phone).await;
    let refused = phone.answers(&laptop, cursor).await;
    assert!(
        matches!(refused, Err(LogError::OtherLog { .. })),
        "{refused:?}"
    );

    laptop.take_snapshot(&phone).await;
    assert_eq!(laptop.tags().await, ["beach", "city"]);
    let moved = laptop.cursor(&phone).await;
    assert_ne!(moved.log_id(), cursor.log_id());
    phone.rename_tag(2, "town").await;
    assert_eq!(laptop.pull(&phone).await, 1);
    assert_eq!(laptop.tags().await, ["beach", "town"]);
}

/// The laptop has the changes, and its cursor of the phone's log is past them.
#[tokio::test]
async fn records_that_were_lost_come_back_with_a_snapshot() {
    let (folders, before, laptop) = in_sync().await;
    before.close().await;
    remove(&database(folders[0].path()));
    make_tables(folders[0].path());
    let phone = Device::open(folders[0].path(), PHONE).await;
    assert!(phone.tags().await.is_empty());
    let missing = phone.records.status().await.unwrap().unversioned;
    assert!(!missing.is_zero());
    let given = phone.records.snapshot().await;
    let is_refused = matches!(&given, Err(SyncError::Snapshot(SnapshotError::Incomplete {
        unversioned,
    })) if *unversioned == missing);
    assert!(is_refused, "{given:?}");

    // A device that never read the phone's log does not have the changes.
    let elsewhere = tempfile::tempdir().unwrap();
    let tablet = Device::alone(Layout::Outbox, elsewhere.path(), TABLET).await;
    tablet.add_tag(3, "wood").await;
    tablet.register(&phone).await;
    phone.take_snapshot(&tablet).await;
    assert_eq!(phone.records.status().await.unwrap().unversioned, missing);

    laptop.register(&phone).await;
    phone.take_snapshot(&laptop).await;
    assert_eq!(phone.tags().await, ["beach", "wood"]);
    let found = phone.records.status().await.unwrap();
    assert!(found.unversioned.is_zero());
    phone.rename_tag(1, "sea").await;
    assert_eq!(laptop.pull(&phone).await, 1);
    let phone = phone.reopened(crate::records::gallery::declared()).await;
    let stored = phone.records.status().await.unwrap();
    assert!(stored.unversioned.is_zero());
    phone.register(&tablet).await;
    tablet.take_snapshot(&phone).await;
    assert_eq!(tablet.tags().await, ["sea", "wood"]);
}

/// The app's migrations put a row into the new database, and the app says how old its rows are at each opening.
#[tokio::test]
async fn other_rows_do_not_stand_for_records_that_were_lost() {
    let (folders, before, _laptop) = in_sync().await;
    before.close().await;
    remove(&database(folders[0].path()));
    let [new, _] = folders;
    make_tables(new.path());
    let raw = rusqlite::Connection::open(database(new.path())).unwrap();
    let seeded =
        "INSERT INTO tag (id, name) VALUES (x'00000000000000000000000000000009', 'default')";
    raw.execute_batch(seeded).unwrap();
    let phone = baseline::open(&new).await;
    assert!(!phone.records.status().await.unwrap().unversioned.is_zero());
    let given = phone.records.snapshot().await;
    assert!(matches!(given, Err(SyncError::Snapshot(_))), "{given:?}");
}

/// Both files agree, so the opening cannot notice it. The laptop has what the phone lost.
#[tokio::test]
async fn a_device_that_was_restored_is_told_by_the_snapshot() {
    let (folders, before, laptop) = in_sync().await;
    before.close().await;
    let folder = folders[0].path();
    let [app, log] = [database(folder), log_of(folder)];
    let backups = [&app, &log].map(|file| file.with_extension("backup"));
    for (file, backup) in [&app, &log].into_iter().zip(&backups) {
        fs::copy(file, backup).unwrap();
    }
    let ahead = Device::open(folder, PHONE).await;
    ahead.add_tag(2, "city").await;
    laptop.pull(&ahead).await;
    ahead.close().await;
    for (file, backup) in [&app, &log].into_iter().zip(&backups) {
        put_back(backup, file);
    }

    let phone = Device::open(folder, PHONE).await;
    laptop.register(&phone).await;
    let snapshot = laptop.records.snapshot().await.unwrap();
    let lost = snapshot.watermarks[&phone.id].hlc();
    let taken = phone.records.take_snapshot(LAPTOP, snapshot).await;
    let is_told = matches!(&taken, Err(SyncError::Log(LogError::UnknownOwnStamp { hlc }))
        if *hlc == lost);
    assert!(is_told, "{taken:?}");
    let verdicts = phone.records.log().status().await.unwrap().verdicts;
    let kinds: Vec<_> = verdicts.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [VerdictKind::OwnStamp]);
}
