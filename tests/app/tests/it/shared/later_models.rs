//! A later release of the app shares a model whose table has rows (`W5`).

use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{DeclaredModels, Models, SharedRecords, SyncError};
use sync_log_sqlite::{Cursor, LogError, ReadLimits, SystemClock, Uuid, WallClock};

use super::device::{Device, LAPTOP, Layout, PHONE};
use crate::common::database::execute;
use crate::records::gallery::{entity, tag};

entity!(note, "note", title: String, due: Option<i32>);

const TABLES: &str = "
    CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE note (id BLOB PRIMARY KEY, title TEXT NOT NULL, due INTEGER);";

const A_NOTE: &str = "INSERT INTO note VALUES (x'00000000000000000000000000000005', 'buy milk', 7)";

fn note_id() -> RecordId {
    RecordId::new("note", Uuid::from_u128(5))
}

/// The release that shares tags only.
fn tags() -> DeclaredModels {
    Models::new().entity::<tag::Entity>("tag")
}

/// The release that shares notes, too.
fn tags_and_notes() -> DeclaredModels {
    let models = tags().entity::<note::Entity>("note");
    models.version(1).per_field(1)
}

/// Opens the second release, which says that no row has a known age.
async fn second_release(layout: Layout, folder: &Path, id: Uuid) -> Device {
    let options = SharedRecords::options().baseline(|_, _| None);
    let opened = Device::open_by(options, layout, folder, id, tags_and_notes());
    opened.await.unwrap()
}

async fn notes(device: &Device) -> Vec<String> {
    let notes = note::Entity::find().all(&device.db).await.unwrap();
    notes.into_iter().map(|note| note.title).collect()
}

async fn read(device: &Device, cursor: Cursor) -> Result<usize, LogError> {
    let log = device.records.log();
    let page = log.read_for(LAPTOP, cursor, ReadLimits::default()).await?;
    Ok(page.entries.len())
}

/// A phone that has shared a tag in the first release, and has a note. Returns the cursor at its head.
async fn phone_with_a_note(layout: Layout, folder: &Path) -> Cursor {
    execute(folder, TABLES);
    let phone = Device::open_in(layout, folder, PHONE, tags()).await;
    let phone = phone.unwrap();
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    phone.add_tag(1, "beach").await;
    let head = phone.records.log().head_cursor().await.unwrap();
    phone.close().await;
    execute(folder, A_NOTE);
    head
}

#[tokio::test]
async fn rows_of_a_model_that_is_shared_later_are_refused_until_the_app_says_how_old_they_are() {
    for layout in Layout::BOTH {
        let folder = tempfile::tempdir().unwrap();
        let head = phone_with_a_note(layout, folder.path()).await;
        let refused = Device::open_in(layout, folder.path(), PHONE, tags_and_notes()).await;
        let Err(SyncError::NeedsBaseline { record }) = refused.map(|_| ()) else {
            panic!("{layout:?}: the note was shared with nobody");
        };
        assert_eq!(record, note_id());
        // The refusal has changed nothing: the first release goes on with its peers.
        let before = Device::open_in(layout, folder.path(), PHONE, tags()).await;
        let before = before.unwrap();
        assert_eq!(read(&before, head).await.unwrap(), 0);
        before.close().await;

        let phone = second_release(layout, folder.path(), PHONE).await;
        let shared = phone.records.record(&note_id()).await.unwrap().unwrap();
        assert!(shared.standing.is_shown(), "{layout:?}: {shared:?}");
        // The log lacks the note, so each peer takes a snapshot.
        for (cursor, number) in [head, Cursor::ZERO].into_iter().zip(0..) {
            let read = read(&phone, cursor).await;
            let is_refused = match number {
                0 => matches!(read, Err(LogError::OtherLog { .. })),
                _ => matches!(read, Err(LogError::Compacted { .. })),
            };
            assert!(is_refused, "{layout:?}, {number}: {read:?}");
        }
        phone.close().await;

        let reopened = Device::open_in(layout, folder.path(), PHONE, tags_and_notes()).await;
        let reopened = reopened.unwrap();
        let renamed = note::ActiveModel {
            id: Set(Uuid::from_u128(5)),
            title: Set("buy bread".to_owned()),
            ..Default::default()
        };
        reopened.records.update(renamed).await.unwrap();
        let changed = reopened.records.record(&note_id()).await.unwrap().unwrap();
        assert!(changed.standing.is_shown(), "{layout:?}: {changed:?}");
        let due = changed.version.fields.unwrap()["due"].value.clone();
        assert_eq!(due.as_str(), "7");
    }
}

#[tokio::test]
async fn a_log_that_is_lost_after_a_later_model_was_shared_begins_with_a_floor_again() {
    let folder = tempfile::tempdir().unwrap();
    execute(folder.path(), TABLES);
    let first = Device::open_with(folder.path(), PHONE, tags()).await;
    first.unwrap().close().await;
    execute(folder.path(), A_NOTE);
    for is_lost in [false, true] {
        if is_lost {
            std::fs::remove_file(folder.path().join("sync.db")).unwrap();
        }
        let phone = second_release(Layout::Outbox, folder.path(), PHONE).await;
        phone.records.log().register_peer(LAPTOP).await.unwrap();
        let read = read(&phone, Cursor::ZERO).await;
        let is_refused = matches!(read, Err(LogError::Compacted { .. }));
        assert!(is_refused, "lost: {is_lost}: {read:?}");
        phone.close().await;
    }
}

/// The log is lost before the later model is shared, while an own change is in the outbox.
#[tokio::test]
async fn a_change_in_the_outbox_survives_the_opening_that_shares_a_later_model() {
    let folder = tempfile::tempdir().unwrap();
    execute(folder.path(), TABLES);
    let before = Device::open_with(folder.path(), PHONE, tags()).await;
    let before = before.unwrap();
    let txn = sync_log_sqlite::records::begin(&before.db).await.unwrap();
    let change = sync_log_sqlite::Change::delete("tag", Uuid::from_u128(1));
    before.records.record_in(&txn, change).await.unwrap();
    txn.commit().await.unwrap();
    before.records.log().close().await.unwrap();
    before.db.close().await.unwrap();
    std::fs::remove_file(folder.path().join("sync.db")).unwrap();
    execute(folder.path(), A_NOTE);

    let phone = second_release(Layout::Outbox, folder.path(), PHONE).await;
    assert_eq!(phone.pending().await.len(), 1);
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    let read = read(&phone, Cursor::ZERO).await;
    let is_refused = matches!(read, Err(LogError::Compacted { .. }));
    assert!(is_refused, "{read:?}");
}

/// Meanwhile the rows stay where they are, and a peer deletes one of them.
#[tokio::test]
async fn a_release_that_is_taken_back_and_published_again_needs_no_baseline() {
    for layout in Layout::BOTH {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for folder in &folders {
            execute(folder.path(), TABLES);
        }
        let phone = second_release(layout, folders[0].path(), PHONE).await;
        let laptop = second_release(Layout::Outbox, folders[1].path(), LAPTOP).await;
        phone.records.log().register_peer(LAPTOP).await.unwrap();
        laptop.records.log().register_peer(PHONE).await.unwrap();
        for (number, title) in [(5, "stays"), (6, "goes")] {
            let note = note::ActiveModel {
                id: Set(Uuid::from_u128(number)),
                title: Set(title.to_owned()),
                due: Set(None),
            };
            phone.records.insert(note).await.unwrap();
        }
        laptop.pull(&phone).await;
        let log_id = phone.records.log().identity().log_id;
        phone.close().await;

        let taken_back = Device::open_in(layout, folders[0].path(), PHONE, tags()).await;
        let taken_back = taken_back.unwrap();
        let gone = Uuid::from_u128(6);
        laptop.records.delete::<note::Entity>(gone).await.unwrap();
        taken_back.pull(&laptop).await;
        assert_eq!(notes(&taken_back).await, ["stays", "goes"], "{layout:?}");
        taken_back.close().await;

        let again = Device::open_in(layout, folders[0].path(), PHONE, tags_and_notes()).await;
        let again = again.unwrap();
        assert_eq!(notes(&again).await, ["stays"], "{layout:?}");
        assert_eq!(again.records.log().identity().log_id, log_id, "{layout:?}");
        assert!(again.records.audit(10).await.unwrap().is_empty());

        // Rows that are as their records say are not shared once more, however new the app says they are.
        again.close().await;
        let before = Device::open_in(layout, folders[0].path(), PHONE, tags()).await;
        before.unwrap().close().await;
        let options = SharedRecords::options().baseline(|_, _| Some(SystemClock.now_ms()));
        let dated = Device::open_by(options, layout, folders[0].path(), PHONE, tags_and_notes());
        let dated = dated.await.unwrap();
        assert_eq!(dated.records.log().identity().log_id, log_id, "{layout:?}");
        assert_eq!(notes(&dated).await, ["stays"], "{layout:?}");
    }
}

/// The opening fails when it writes the row of the device, once the log, which has no entry, has a new id.
#[tokio::test]
async fn a_device_without_own_changes_gives_snapshots_after_an_opening_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    execute(folder.path(), TABLES);
    let first = Device::open_with(folder.path(), PHONE, tags()).await;
    first.unwrap().close().await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON sync_log_receiver
        BEGIN SELECT RAISE(ABORT, 'full'); END;";
    execute(folder.path(), &format!("{A_NOTE}; {full}"));
    let options = SharedRecords::options().baseline(|_, _| None);
    let models = tags_and_notes();
    let failed = Device::open_by(options, Layout::Outbox, folder.path(), PHONE, models).await;
    assert!(failed.is_err());
    execute(folder.path(), "DROP TRIGGER full");

    let phone = second_release(Layout::Outbox, folder.path(), PHONE).await;
    let status = phone.records.status().await.unwrap();
    assert!(status.unversioned.is_zero(), "{status:?}");
    phone.records.snapshot().await.unwrap();
}
