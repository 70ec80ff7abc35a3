//! The log is in the app's own database: the same calls, without an outbox (`W1`).

use rusqlite::Connection;
use sea_orm::{ActiveModelTrait, ConnectionTrait};
use sync_log_sqlite::records::{SharedRecords, SyncError, begin};
use sync_log_sqlite::{Change, Cursor, Hlc, LogError, ReadLimits, SyncDb, Uuid};

use super::device::{
    Device, LAPTOP, LIBRARY, Layout, PHONE, database, make_tables, new_tag, tag_id,
};
use crate::records::gallery::declared;

async fn phone() -> (tempfile::TempDir, Device) {
    let folder = tempfile::tempdir().unwrap();
    let phone = Device::alone(Layout::Attached, folder.path(), PHONE).await;
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    (folder, phone)
}

#[tokio::test]
async fn a_transaction_of_the_apps_is_in_the_log_once_it_is_committed() {
    let (_folder, phone) = phone().await;
    let mut watch = phone.records.log().watch(Hlc::ZERO);
    let txn = begin(&phone.db).await.unwrap();
    let beach = new_tag(1, "beach").insert(&txn).await.unwrap();
    let change = Change::insert("tag", beach.id, &beach).unwrap();
    let stamp = phone.records.record_in(&txn, change).await.unwrap();
    txn.commit().await.unwrap();
    phone.records.drain().await.unwrap();
    assert_eq!(watch.changed().await.unwrap(), stamp);
    assert_eq!(phone.pending().await[0].hlc, stamp);
}

#[tokio::test]
async fn devices_of_both_layouts_share_their_records() {
    let (_folder, phone) = phone().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let laptop = Device::new(elsewhere.path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    laptop.pull(&phone).await;
    laptop.rename_tag(1, "sea").await;
    phone.pull(&laptop).await;
    assert_eq!(phone.tags().await, ["sea"]);
    assert!(phone.pending().await.is_empty());
    assert!(laptop.pending().await.is_empty());
    phone.rename_tag(1, "ocean").await;
    let [renamed] = &phone.pending().await[..] else {
        panic!("one entry is pending");
    };
    assert!(
        renamed.hlc > phone.cursor(&laptop).await.hlc(),
        "the clock was raised"
    );
}

#[tokio::test]
async fn what_was_written_and_received_survives_a_restart() {
    let (_folder, phone) = phone().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let laptop = Device::new(elsewhere.path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    laptop.add_tag(2, "city").await;
    phone.pull(&laptop).await;
    let cursor = phone.cursor(&laptop).await;
    let reopened = phone.reopened(declared()).await;
    assert_eq!(reopened.cursor(&laptop).await, cursor);
    assert_eq!(reopened.tags().await, ["beach", "city"]);
    assert_eq!(reopened.pending().await.len(), 1);
}

/// The copy has the rows, their versions and the log of one moment. The others know what came after it.
#[tokio::test]
async fn a_copy_that_sqlite_makes_of_the_database_is_whole_and_its_readers_notice_it() {
    let (_folder, phone) = phone().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let laptop = Device::new(elsewhere.path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    let first = phone.pending().await;
    let restored = tempfile::tempdir().unwrap();
    let copy = database(restored.path());
    let copy = format!("VACUUM INTO '{}'", copy.display());
    phone.db.execute_unprepared(&copy).await.unwrap();
    phone.add_tag(2, "city").await;
    laptop.pull(&phone).await;
    phone.close().await;

    let again = Device::open_in(Layout::Attached, restored.path(), PHONE, declared()).await;
    let again = again.unwrap();
    assert_eq!(again.tags().await, ["beach"]);
    assert_eq!(again.pending().await, first);
    assert_eq!(again.records.audit(10).await.unwrap(), []);
    let cursor = laptop.cursor(&again).await;
    let read = again.answers(&laptop, cursor).await;
    assert!(
        matches!(read, Err(LogError::AheadOfHead { .. })),
        "{read:?}"
    );
}

#[tokio::test]
async fn records_are_opened_in_the_layout_that_they_were_made_in() {
    let (folder, phone) = phone().await;
    phone.close().await;
    let other = Device::open_with(folder.path(), PHONE, declared()).await;
    let Err(SyncError::OtherRecords { reason }) = other.map(|_| ()) else {
        panic!("the records were opened with another log");
    };
    assert!(reason.contains("same database"), "{reason}");

    let outbox = tempfile::tempdir().unwrap();
    let laptop = Device::new(outbox.path(), LAPTOP, PHONE).await;
    laptop.close().await;
    let attached = Device::open_in(Layout::Attached, outbox.path(), LAPTOP, declared()).await;
    let error = attached.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("a file of its own"), "{error}");
}

#[tokio::test]
async fn rows_that_were_there_before_get_a_log_with_a_floor() {
    let folder = tempfile::tempdir().unwrap();
    make_tables(folder.path());
    let raw = Connection::open(database(folder.path())).unwrap();
    let id = tag_id(1).record_uuid.as_bytes().to_vec();
    let insert = "INSERT INTO tag (id, name) VALUES (?1, 'beach')";
    raw.execute(insert, [id]).unwrap();
    let refused = Device::open_in(Layout::Attached, folder.path(), PHONE, declared()).await;
    assert!(matches!(refused, Err(SyncError::NeedsBaseline { .. })));
    let logs = "SELECT count(*) FROM sqlite_master WHERE name = 'shared_changes'";
    let logs = raw.query_row(logs, [], |row| row.get::<_, i64>(0));
    assert_eq!(logs.unwrap(), 0, "no log was made");

    let db = app::connect(&database(folder.path())).await.unwrap();
    let options = SharedRecords::options().baseline(|_, _| Some(1_700_000_000_000));
    let records = options
        .attach(&db, declared(), LIBRARY, PHONE)
        .await
        .unwrap();
    let log = records.log();
    log.register_peer(LAPTOP).await.unwrap();
    let read = log
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await;
    assert!(matches!(read, Err(LogError::Compacted { .. })), "{read:?}");
    assert!(records.record(&tag_id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_whose_settings_lose_commits_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    make_tables(folder.path());
    let db = app::connect(&database(folder.path())).await.unwrap();
    db.execute_unprepared("PRAGMA synchronous = OFF")
        .await
        .unwrap();
    for layout in [Layout::Attached, Layout::Outbox] {
        let opened = match layout {
            Layout::Attached => SharedRecords::attach(&db, declared(), LIBRARY, PHONE).await,
            Layout::Outbox => {
                SharedRecords::open(&db, declared(), LIBRARY, PHONE, folder.path()).await
            }
        };
        let error = opened.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("synchronous"), "{error}");
    }
    assert!(!folder.path().join("sync.db").exists());
}

/// The rows and their ages are those of an app that has recorded changes before without versions.
#[tokio::test]
async fn a_log_that_was_there_before_gets_a_new_id_with_the_rows_that_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    make_tables(folder.path());
    let raw = Connection::open(database(folder.path())).unwrap();
    let insert = "INSERT INTO tag (id, name) VALUES (?1, 'beach')";
    let id = tag_id(1).record_uuid.as_bytes().to_vec();
    raw.execute(insert, [id]).unwrap();
    let db = app::connect(&database(folder.path())).await.unwrap();
    let log = SyncDb::attach(&db, LIBRARY, PHONE).await.unwrap();
    let city = serde_json::json!({ "id": Uuid::from_u128(2), "name": "city" });
    let city = Change::insert("tag", Uuid::from_u128(2), &city).unwrap();
    log.record(city).await.unwrap();
    let before = log.identity();
    log.close().await.unwrap();

    let refused = SharedRecords::attach(&db, declared(), LIBRARY, PHONE).await;
    let refused = refused.map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, SyncError::NeedsBaseline { .. }),
        "{refused}"
    );
    let options = SharedRecords::options().baseline(|_, _| None);
    let opened = options.attach(&db, declared(), LIBRARY, PHONE);
    let records = opened.await.unwrap();
    assert_ne!(records.log().identity().log_id, before.log_id);
    for record in [tag_id(1), tag_id(2)] {
        assert!(records.record(&record).await.unwrap().is_some(), "{record}");
    }
    let renewed = records.log();
    renewed.register_peer(LAPTOP).await.unwrap();
    let read = renewed.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let read = read.await;
    assert!(matches!(read, Err(LogError::Compacted { .. })), "{read:?}");
}

/// Both say the same, although one of them is in a transaction of the app's database.
#[tokio::test]
async fn a_log_that_was_altered_gives_one_advice_to_writers_and_to_readers() {
    let (_folder, phone) = phone().await;
    phone.add_tag(1, "beach").await;
    let altered = "UPDATE shared_changes SET data = '{}'";
    phone.db.execute_unprepared(altered).await.unwrap();
    let log = phone.records.log();
    let read = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let read = read.await.unwrap_err();
    let written = phone.records.insert(new_tag(2, "city")).await.unwrap_err();
    assert_eq!((written.kind(), written.help()), (read.kind(), read.help()));
    assert!(
        matches!(written, SyncError::Log(LogError::Altered { .. })),
        "{written}"
    );
}
