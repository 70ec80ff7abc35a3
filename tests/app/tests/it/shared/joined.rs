//! A log has entries when its records are opened for the first time (`W5`).

use rusqlite::Connection;
use serde_json::json;
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{SharedRecords, SyncError};
use sync_log_sqlite::{Change, Cursor, LogError, ReadLimits, SyncDb, SystemClock, Uuid, WallClock};

use super::device::{Device, LAPTOP, LIBRARY, Layout, PHONE, database, make_tables, tag_id};
use crate::records::gallery::{declared, id};

/// An app that has recorded changes in its log, and now shares its records.
struct Joining {
    layout: Layout,
    folder: tempfile::TempDir,
}

impl Joining {
    fn new(layout: Layout) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_tables(folder.path());
        Self { layout, folder }
    }

    /// Changes the log as the app did before. Returns its id.
    async fn before(&self, work: impl AsyncFnOnce(&SyncDb)) -> Uuid {
        let folder = self.folder.path();
        let db = app::connect(&database(folder)).await.unwrap();
        let log = match self.layout {
            Layout::Outbox => SyncDb::open(LIBRARY, PHONE, folder).await,
            Layout::Attached => SyncDb::attach(&db, LIBRARY, PHONE).await,
        };
        let log = log.unwrap();
        work(&log).await;
        let log_id = log.identity().log_id;
        log.close().await.unwrap();
        db.close().await.unwrap();
        log_id
    }

    /// Writes rows as the app did before.
    fn rows(&self, insert: &str) {
        let raw = Connection::open(database(self.folder.path())).unwrap();
        raw.execute_batch(insert).unwrap();
    }

    /// Opens the records. `changed_ms` is when all rows were changed.
    async fn open(&self, changed_ms: Option<i64>) -> Device {
        let options = SharedRecords::options().baseline(move |_, _| changed_ms);
        let folder = self.folder.path();
        let opened = Device::open_by(options, self.layout, folder, PHONE, declared());
        opened.await.unwrap()
    }
}

fn inserted(record: &RecordId, data: &serde_json::Value) -> Change {
    let version = u32::from(record.model_type == "album");
    let change = Change::insert(record.model_type.as_str(), record.record_uuid, data);
    change.unwrap().model_version(version)
}

#[tokio::test]
async fn a_row_whose_insertion_was_pruned_is_shared_with_the_later_changes_of_its_members() {
    for layout in Layout::BOTH {
        let app = Joining::new(layout);
        let album = id("album", 10);
        app.before(async |log| {
            log.declare_solo().await.unwrap();
            let data = json!({ "id": album.record_uuid, "title": "old", "cover": null });
            log.record(inserted(&album, &data)).await.unwrap();
            log.prune_acked().await.unwrap();
            let title = json!({ "title": "new" });
            let change = Change::update("album", album.record_uuid, &title).unwrap();
            log.record(change.model_version(1)).await.unwrap();
        })
        .await;
        app.rows(
            "INSERT INTO album (id, title) VALUES (x'0000000000000000000000000000000a', 'new')",
        );

        let phone = app.open(None).await;
        let record = phone.records.record(&album).await.unwrap().unwrap();
        assert!(record.standing.is_shown(), "{layout:?}: {record:?}");
        let [update] = &phone.pending().await[..] else {
            panic!("the update is pending");
        };
        assert_eq!(record.version.source.hlc, update.hlc);
        let unrecorded = phone.records.audit(10).await.unwrap();
        assert!(unrecorded.is_empty(), "{layout:?}: {unrecorded:?}");
    }
}

#[tokio::test]
async fn a_row_that_another_device_changed_last_keeps_that_change() {
    for layout in Layout::BOTH {
        let app = Joining::new(layout);
        let before = app.before(async |log| {
            log.register_peer(LAPTOP).await.unwrap();
            let data = json!({ "id": tag_id(1).record_uuid, "name": "of the phone" });
            log.record(inserted(&tag_id(1), &data)).await.unwrap();
        });
        let log_id = before.await;
        app.rows(
            "INSERT INTO tag VALUES (x'00000000000000000000000000000001', 'of the laptop, later')",
        );
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;

        let phone = app.open(Some(SystemClock.now_ms())).await;
        assert_eq!(phone.tags().await, ["of the laptop, later"], "{layout:?}");
        // The log lacks what the row has, so each peer takes a snapshot.
        let log = phone.records.log();
        assert_ne!(log.identity().log_id, log_id);
        let read = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        let read = read.await.map(|page| page.entries.len());
        let is_refused = matches!(read, Err(LogError::Compacted { .. }));
        assert!(is_refused, "{layout:?}: {read:?}");
    }
}

#[tokio::test]
async fn an_entry_of_the_log_wins_over_a_row_that_was_changed_before_it() {
    for layout in Layout::BOTH {
        let app = Joining::new(layout);
        app.before(async |log| {
            let data = json!({ "id": tag_id(1).record_uuid, "name": "beach" });
            log.record(inserted(&tag_id(1), &data)).await.unwrap();
        })
        .await;
        app.rows("INSERT INTO tag VALUES (x'00000000000000000000000000000001', 'before')");
        let phone = app.open(Some(1_700_000_000_000)).await;
        assert_eq!(phone.tags().await, ["beach"], "{layout:?}");
        let record = phone.records.record(&tag_id(1)).await.unwrap().unwrap();
        assert_eq!(record.version.source.hlc, phone.pending().await[0].hlc);
    }
}

#[tokio::test]
async fn rows_beside_a_log_are_refused_until_the_app_says_how_old_they_are() {
    for layout in Layout::BOTH {
        let app = Joining::new(layout);
        let beach = async |log: &SyncDb| {
            let data = json!({ "id": tag_id(1).record_uuid, "name": "beach" });
            log.record(inserted(&tag_id(1), &data)).await.unwrap();
        };
        let log_id = app.before(beach).await;
        app.rows("INSERT INTO tag VALUES (x'00000000000000000000000000000001', 'beach')");
        let refused = Device::open_in(layout, app.folder.path(), PHONE, declared()).await;
        let Err(SyncError::NeedsBaseline { record }) = refused.map(|_| ()) else {
            panic!("{layout:?}: the log was taken for all there is to the row");
        };
        assert_eq!(record, tag_id(1));
        // The app goes on as before.
        let still = app.before(async |log| {
            let data = json!({ "id": tag_id(2).record_uuid, "name": "city" });
            log.record(inserted(&tag_id(2), &data)).await.unwrap();
        });
        assert_eq!(still.await, log_id, "{layout:?}");
    }
}
