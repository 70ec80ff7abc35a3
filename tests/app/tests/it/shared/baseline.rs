//! Rows that were there before they were shared (`W5`).

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use sync_log_sqlite::receive::WriteError;
use sync_log_sqlite::records::{self, SharedRecords, SyncError};
use sync_log_sqlite::{
    Change, Cursor, LogError, MAX_DATA_BYTES, ReadLimits, SyncDb, SystemClock, WallClock,
};

use super::device::{
    Device, LAPTOP, LIBRARY, Layout, PHONE, database, make_tables, new_tag, tag_id,
};
use crate::records::gallery::declared;

const CHANGED_AT_MS: i64 = 1_700_000_000_000;

/// A folder with a tag that no change has made.
pub(super) fn folder_with_a_tag() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_tables(folder.path());
    let raw = Connection::open(database(folder.path())).unwrap();
    let id = tag_id(1).record_uuid.as_bytes().to_vec();
    let insert = "INSERT INTO tag (id, name) VALUES (?1, 'beach')";
    raw.execute(insert, [id]).unwrap();
    folder
}

fn changed(model: &str, _: &Value) -> Option<i64> {
    (model == "tag").then_some(CHANGED_AT_MS)
}

pub(super) async fn open(folder: &tempfile::TempDir) -> Device {
    let options = SharedRecords::options().baseline(changed);
    let opened = Device::open_by(options, Layout::Outbox, folder.path(), PHONE, declared());
    opened.await.unwrap()
}

#[tokio::test]
async fn rows_that_no_change_has_made_are_refused_until_the_app_says_how_old_they_are() {
    let folder = folder_with_a_tag();
    let refused = Device::open_with(folder.path(), PHONE, declared()).await;
    let Err(SyncError::NeedsBaseline { record }) = refused.map(|_| ()) else {
        panic!("the row was taken for a change of nobody");
    };
    assert_eq!(record, tag_id(1));
    assert!(!folder.path().join("sync.db").exists(), "nothing was made");

    let phone = open(&folder).await;
    let known = phone.records.record(&tag_id(1)).await.unwrap().unwrap();
    assert!(known.standing.is_shown());
    let stamp = known.version.source.hlc;
    assert_eq!(i64::try_from(stamp.timestamp).unwrap(), CHANGED_AT_MS);
    assert_eq!(phone.tags().await, ["beach"]);
    assert!(phone.pending().await.is_empty(), "nothing is logged");
}

#[tokio::test]
async fn peers_of_a_log_beside_such_rows_take_a_snapshot_first() {
    let folder = folder_with_a_tag();
    let phone = open(&folder).await;
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    phone.add_tag(2, "city").await;
    let log = phone.records.log();
    let read = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let read = read.await.map(|page| page.entries.len());
    assert!(matches!(read, Err(LogError::Compacted { .. })), "{read:?}");
}

#[tokio::test]
async fn a_row_of_unknown_age_loses_to_every_change() {
    let folder = folder_with_a_tag();
    let db = app::connect(&database(folder.path())).await.unwrap();
    let options = SharedRecords::options().baseline(|_, _| None);
    let opened = options.open(&db, declared(), LIBRARY, PHONE, folder.path());
    let records = opened.await.unwrap();
    let record = records.record(&tag_id(1)).await.unwrap().unwrap();
    assert_eq!(record.version.source.hlc.timestamp, 0);
}

#[tokio::test]
async fn a_second_opening_needs_no_baseline() {
    let folder = folder_with_a_tag();
    let phone = open(&folder).await.reopened(declared()).await;
    assert_eq!(phone.tags().await, ["beach"]);
}

#[tokio::test]
async fn a_log_that_is_lost_after_such_rows_were_shared_begins_with_a_floor_again() {
    let folder = folder_with_a_tag();
    let empty = SyncDb::open(LIBRARY, PHONE, folder.path()).await.unwrap();
    empty.close().await.unwrap();
    for is_lost in [false, true] {
        if is_lost {
            std::fs::remove_file(folder.path().join("sync.db")).unwrap();
        }
        let phone = open(&folder).await;
        let log = phone.records.log();
        log.register_peer(LAPTOP).await.unwrap();
        let read = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        let read = read.await.map(|page| page.entries.len());
        let is_refused = matches!(read, Err(LogError::Compacted { .. }));
        assert!(is_refused, "lost: {is_lost}: {read:?}");
        phone.close().await;
    }
}

#[tokio::test]
async fn a_row_that_claims_a_time_in_the_future_does_not_move_the_clock() {
    let year_2100 = 4_102_444_800_000;
    for layout in Layout::BOTH {
        let folder = folder_with_a_tag();
        let options = SharedRecords::options().baseline(move |_, _| Some(year_2100));
        let opened = Device::open_by(options, layout, folder.path(), PHONE, declared());
        let phone = opened.await.unwrap();
        phone.rename_tag(1, "sea").await;
        phone.add_tag(2, "city").await;
        let pending = phone.pending().await;
        assert_eq!(pending.len(), 2);
        let now_ms = u64::try_from(SystemClock.now_ms()).unwrap();
        for entry in pending {
            // The clock continues above the stamp of the row, which is that of the opening at most.
            assert!(entry.hlc.timestamp <= now_ms + 1, "{layout:?}: {entry:?}");
        }
    }
}

#[tokio::test]
async fn a_row_that_claims_a_time_before_1970_loses_to_every_change() {
    let folder = folder_with_a_tag();
    let options = SharedRecords::options().baseline(|_, _| Some(-1));
    let opened = Device::open_by(options, Layout::Outbox, folder.path(), PHONE, declared());
    let records = opened.await.unwrap().records;
    let record = records.record(&tag_id(1)).await.unwrap().unwrap();
    assert_eq!(record.version.source.hlc.timestamp, 0);
}

/// A link refers to a photo, whose model comes later in the alphabet. The link has to refer to it.
#[tokio::test]
async fn no_row_is_removed_or_written_while_the_rows_get_their_versions() {
    for layout in Layout::BOTH {
        let folder = folder_with_a_tag();
        let raw = Connection::open(database(folder.path())).unwrap();
        let rows = "
            INSERT INTO album (id, title, opened) VALUES (x'0000000000000000000000000000000a', 'summer', 3);
            INSERT INTO photo (id, album) SELECT x'0000000000000000000000000000000b', id FROM album;
            UPDATE album SET cover = (SELECT id FROM photo);
            INSERT INTO link (id, photo, album) SELECT x'0000000000000000000000000000000c', id, album FROM photo;
            CREATE TABLE touched (what TEXT);
            CREATE TRIGGER d AFTER DELETE ON link BEGIN INSERT INTO touched VALUES ('link'); END;
            CREATE TRIGGER l AFTER UPDATE ON link BEGIN INSERT INTO touched VALUES ('link'); END;
            CREATE TRIGGER a AFTER UPDATE ON album BEGIN INSERT INTO touched VALUES ('album'); END;
            CREATE TRIGGER p AFTER UPDATE ON photo BEGIN INSERT INTO touched VALUES ('photo'); END;";
        raw.execute_batch(rows).unwrap();
        let options = SharedRecords::options().baseline(changed);
        let opened = Device::open_by(options, layout, folder.path(), PHONE, declared());
        let phone = opened.await.unwrap();
        assert!(phone.records.not_shown(10).await.unwrap().is_empty());
        assert!(phone.records.audit(10).await.unwrap().is_empty());
        let count = |of: &str| {
            let count = format!("SELECT count(*) FROM {of}");
            raw.query_row(&count, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(count("touched"), 0, "{layout:?}");
        assert_eq!(count("link"), 1, "{layout:?}");
        let insert = phone.records.insert(new_tag(2, "city")).await;
        insert.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_is_larger_than_a_record_may_be_is_refused_before_anything_is_made() {
    let folder = folder_with_a_tag();
    let raw = Connection::open(database(folder.path())).unwrap();
    let name = "x".repeat(MAX_DATA_BYTES);
    raw.execute("UPDATE tag SET name = ?1", [name]).unwrap();
    let options = SharedRecords::options().baseline(changed);
    let (folder, models) = (folder.path(), declared());
    let refused = Device::open_by(options, Layout::Outbox, folder, PHONE, models).await;
    let Err(SyncError::Write(WriteError::Content { record, .. })) = refused.map(|_| ()) else {
        panic!("no peer would take a snapshot with that row");
    };
    assert_eq!(record, tag_id(1));
    assert!(!folder.join("sync.db").exists(), "nothing was made");
}

/// Makes a log without records, of an app that has no peers.
async fn make_log(layout: Layout, folder: &Path) {
    let db = app::connect(&database(folder)).await.unwrap();
    let log = match layout {
        Layout::Outbox => SyncDb::open(LIBRARY, PHONE, folder).await,
        Layout::Attached => SyncDb::attach(&db, LIBRARY, PHONE).await,
    };
    let log = log.unwrap();
    log.declare_solo().await.unwrap();
    log.close().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_log_that_gets_a_new_id_keeps_what_the_app_has_said_of_its_peers() {
    for layout in Layout::BOTH {
        let folder = folder_with_a_tag();
        make_log(layout, folder.path()).await;
        let options = SharedRecords::options().baseline(changed);
        let phone = Device::open_by(options, layout, folder.path(), PHONE, declared()).await;
        let status = phone.unwrap().records.log().status().await.unwrap();
        assert!(status.solo && !status.floor.is_zero(), "{status:?}");
    }
}

/// A first opening was killed once it had noted that the log needs a new id.
#[tokio::test]
async fn a_log_whose_new_id_is_given_by_the_next_opening_keeps_what_the_app_has_said_of_its_peers()
{
    let folder = folder_with_a_tag();
    make_log(Layout::Outbox, folder.path()).await;
    let raw = Connection::open(folder.path().join("sync.db")).unwrap();
    let noted = "UPDATE sync_log_state SET altered_at = head, altered = 'lacks_records'";
    raw.execute(noted, []).unwrap();
    let phone = open(&folder).await;
    let status = phone.records.log().status().await.unwrap();
    assert!(status.solo && !status.floor.is_zero(), "{status:?}");
}

/// The stamps of its rows are above all that the log had given out.
#[tokio::test]
async fn rows_that_come_back_by_a_snapshot_are_no_sign_of_a_restored_device() {
    for layout in Layout::BOTH {
        let folders = [folder_with_a_tag(), tempfile::tempdir().unwrap()];
        make_log(layout, folders[0].path()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let options = SharedRecords::options().baseline(|_, _| Some(i64::MAX));
        let opened = Device::open_by(options, layout, folders[0].path(), PHONE, declared());
        let phone = opened.await.unwrap();
        let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
        phone.register(&laptop).await;
        laptop.take_snapshot(&phone).await;
        phone.take_snapshot(&laptop).await;
        assert_eq!(laptop.tags().await, ["beach"]);
    }
}

/// The opening fails when it writes the row of the device, once there is a log with a floor.
#[tokio::test]
async fn a_device_whose_first_opening_failed_gives_snapshots() {
    for has_entry in [false, true] {
        let folder = folder_with_a_tag();
        if has_entry {
            let log = SyncDb::open(LIBRARY, PHONE, folder.path()).await.unwrap();
            let data = serde_json::json!({ "id": tag_id(1).record_uuid, "name": "beach" });
            let change = Change::insert("tag", tag_id(1).record_uuid, &data);
            log.record(change.unwrap()).await.unwrap();
            log.close().await.unwrap();
        }
        let db = app::connect(&database(folder.path())).await.unwrap();
        records::make_tables(&db).await.unwrap();
        let raw = Connection::open(database(folder.path())).unwrap();
        let full = "CREATE TRIGGER full BEFORE INSERT ON sync_log_receiver
            BEGIN SELECT RAISE(ABORT, 'full'); END";
        raw.execute_batch(full).unwrap();
        let options = SharedRecords::options().baseline(changed);
        let failed = options.open(&db, declared(), LIBRARY, PHONE, folder.path());
        assert!(failed.await.is_err());
        assert!(folder.path().join("sync.db").exists());
        raw.execute_batch("DROP TRIGGER full").unwrap();

        let phone = open(&folder).await;
        let status = phone.records.status().await.unwrap();
        assert!(status.unversioned.is_zero(), "{has_entry}: {status:?}");
        phone.records.snapshot().await.unwrap();
    }
}
