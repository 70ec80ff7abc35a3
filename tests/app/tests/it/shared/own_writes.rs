//! Own changes and their entries are committed together (`W1`, `W2`).

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, TransactionTrait};
use sync_log_sqlite::records::{SyncError, begin};
use sync_log_sqlite::{Change, ChangeType, ErrorKind, LogError, Uuid};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, Layout, PHONE, database, make_tables, new_tag, tag_id};
use crate::records::gallery::{album, tag};

async fn phone() -> (tempfile::TempDir, Device) {
    phone_in(Layout::Outbox).await
}

async fn phone_in(layout: Layout) -> (tempfile::TempDir, Device) {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::alone(layout, folder.path(), PHONE).await;
    device.records.log().register_peer(LAPTOP).await.unwrap();
    (folder, device)
}

#[tokio::test]
async fn a_row_its_version_and_its_entry_are_committed_together() {
    for layout in Layout::BOTH {
        let (folder, phone) = phone_in(layout).await;
        phone.add_tag(1, "beach").await;

        assert_eq!(phone.tags().await, ["beach"]);
        let [entry] = &phone.pending().await[..] else {
            panic!("one entry is pending");
        };
        assert_eq!(entry.change_type, ChangeType::Insert);
        assert!(entry.group_end);
        let record = phone.records.record(&tag_id(1)).await.unwrap().unwrap();
        assert_eq!(record.version.source.hlc, entry.hlc);
        assert!(record.standing.is_shown());
        assert_eq!(phone.records.status().await.unwrap().outbox_entries, 0);
        let has_a_file = folder.path().join("sync.db").exists();
        assert_eq!(has_a_file, layout == Layout::Outbox);
    }
}

#[tokio::test]
async fn work_that_fails_leaves_no_trace() {
    let (_folder, phone) = phone().await;
    let outcome: Result<(), _> = phone
        .records
        .write(async |rows| {
            rows.insert(new_tag(1, "beach")).await?;
            Err(SyncError::other("the app changed its mind"))
        })
        .await;
    assert!(matches!(outcome, Err(SyncError::Other(_))));
    assert!(phone.tags().await.is_empty());
    assert!(phone.pending().await.is_empty());
    assert_eq!(phone.records.record(&tag_id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn all_changes_of_one_call_are_one_group() {
    let (_folder, phone) = phone().await;
    phone
        .records
        .write(async |rows| {
            rows.insert(new_tag(1, "beach")).await?;
            rows.insert(new_tag(2, "city")).await?;
            Ok(())
        })
        .await
        .unwrap();
    let ends: Vec<_> = phone
        .pending()
        .await
        .iter()
        .map(|it| it.group_end)
        .collect();
    assert_eq!(ends, [false, true]);
}

#[tokio::test]
async fn a_row_that_stays_as_it_was_is_not_recorded() {
    let (_folder, phone) = phone().await;
    phone.add_tag(1, "beach").await;
    phone.rename_tag(1, "beach").await;
    assert_eq!(phone.pending().await.len(), 1);
    phone.rename_tag(1, "sea").await;
    assert_eq!(phone.pending().await.len(), 2);
    assert!(!phone.delete_tag(9).await, "there is no such tag");
    assert_eq!(phone.pending().await.len(), 2);
    assert!(phone.delete_tag(1).await);
    assert_eq!(phone.pending().await[2].change_type, ChangeType::Delete);
}

#[tokio::test]
async fn under_the_per_field_rule_only_what_changed_is_recorded() {
    let (_folder, phone) = phone().await;
    let album = album::ActiveModel {
        id: Set(Uuid::from_u128(1)),
        title: Set("Summer".to_owned()),
        cover: Set(None),
        opened: Set(0),
    };
    let added = phone.records.write(async |rows| rows.insert(album).await);
    let added = added.await.unwrap();
    let mut renamed: album::ActiveModel = added.clone().into();
    renamed.title = Set("Winter".to_owned());
    // A column that serde skips is local.
    renamed.opened = Set(7);
    let saved = phone.records.write(async |rows| rows.update(renamed).await);
    saved.await.unwrap();
    let mut opened: album::ActiveModel = added.into();
    opened.title = Set("Winter".to_owned());
    opened.opened = Set(8);
    let saved_again = phone.records.write(async |rows| rows.update(opened).await);
    saved_again.await.unwrap();

    let pending = phone.pending().await;
    let payloads: Vec<_> = pending[1..].iter().map(|it| it.data.as_str()).collect();
    assert_eq!(payloads, [r#"{"title":"Winter"}"#]);
    assert_eq!(pending[1].model_version, 1);
}

#[tokio::test]
async fn a_change_is_recorded_in_a_transaction_of_the_apps() {
    for layout in Layout::BOTH {
        let (_folder, phone) = phone_in(layout).await;
        let txn = begin(&phone.db).await.unwrap();
        let beach = new_tag(1, "beach").insert(&txn).await.unwrap();
        let change = Change::insert("tag", beach.id, &beach).unwrap();
        let stamp = phone.records.record_in(&txn, change).await.unwrap();
        if layout == Layout::Outbox {
            assert!(phone.pending().await.is_empty(), "it is not committed");
        }
        txn.commit().await.unwrap();
        phone.records.drain().await.unwrap();
        assert_eq!(phone.pending().await[0].hlc, stamp);

        let undone = begin(&phone.db).await.unwrap();
        let city = new_tag(2, "city").insert(&undone).await.unwrap();
        let of_city = Change::insert("tag", city.id, &city).unwrap();
        phone.records.record_in(&undone, of_city).await.unwrap();
        undone.rollback().await.unwrap();
        phone.records.drain().await.unwrap();
        assert_eq!(phone.pending().await.len(), 1);
        assert_eq!(phone.tags().await, ["beach"]);
    }
}

/// The row was on this device alone: every other device refused what was recorded, or waited for an upgrade.
#[tokio::test]
async fn a_change_that_no_device_could_show_is_refused() {
    let (_folder, phone) = phone().await;
    phone.add_tag(1, "beach").await;
    let one = Uuid::from_u128(1);
    let unregistered = Change::insert("tags", one, &serde_json::json!({ "name": "beach" }));
    let part = Change::update("tag", one, &serde_json::json!({}));
    for change in [unregistered.unwrap(), part.unwrap()] {
        let txn = begin(&phone.db).await.unwrap();
        let refused = phone.records.record_in(&txn, change).await.unwrap_err();
        assert!(refused.to_string().contains("cannot read"), "{refused}");
        assert_eq!(refused.kind(), ErrorKind::FixCall);
        assert!(
            refused.help().contains("whole record"),
            "{}",
            refused.help()
        );
        txn.rollback().await.unwrap();
    }
    assert_eq!(phone.pending().await.len(), 1);
}

#[tokio::test]
async fn a_deferred_transaction_that_lost_the_race_says_how_to_begin() {
    for layout in Layout::BOTH {
        let (folder, phone) = phone_in(layout).await;
        let other = app::connect(&database(folder.path())).await.unwrap();
        let wal = "PRAGMA journal_mode = WAL";
        other.execute_unprepared(wal).await.unwrap();

        let deferred = other.begin().await.unwrap();
        tag::Entity::find().all(&deferred).await.unwrap();
        phone.add_tag(1, "beach").await;
        let change = Change::delete("tag", Uuid::from_u128(1));
        let outcome = phone.records.record_in(&deferred, change).await;
        let Err(error @ SyncError::BeganDeferred { .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(error.help().contains("IMMEDIATE"));
    }
}

/// Of another device, of an app without records and, if the log is in the database, of this device's id.
#[tokio::test]
async fn a_transaction_of_another_database_is_refused() {
    for layout in Layout::BOTH {
        let (_folder, phone) = phone_in(layout).await;
        let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
        let paths = folders.each_ref().map(TempDir::path);
        let mut devices = vec![Device::alone(layout, paths[0], LAPTOP).await];
        if layout == Layout::Attached {
            for (path, other) in paths[1..].iter().zip(Layout::BOTH) {
                devices.push(Device::alone(other, path, PHONE).await);
            }
        }
        make_tables(paths[3]);
        let without_records = app::connect(&database(paths[3])).await.unwrap();
        let databases = devices.iter().map(|device| &device.db);
        for (other, number) in databases.chain([&without_records]).zip(0..) {
            let txn = begin(other).await.unwrap();
            let change = Change::delete("tag", Uuid::from_u128(1));
            let outcome = phone.records.record_in(&txn, change).await;
            let error = outcome.map(drop).unwrap_err();
            let is_refused = match number {
                0 => matches!(error, SyncError::WrongDatabase),
                _ => matches!(error, SyncError::WrongDatabase | SyncError::Store(_)),
            };
            assert!(is_refused, "{layout:?}, {number}: {error:?}");
            txn.rollback().await.unwrap();
        }
        for device in devices {
            assert!(device.pending().await.is_empty());
        }
    }
}

#[tokio::test]
async fn the_log_takes_no_change_without_its_record() {
    for layout in Layout::BOTH {
        let (_folder, phone) = phone_in(layout).await;
        let change = Change::insert("tag", Uuid::from_u128(1), &"beach").unwrap();
        let outcome = phone.records.log().record(change).await;
        assert!(matches!(outcome, Err(LogError::WithRecords)), "{outcome:?}");
        assert!(phone.pending().await.is_empty());
    }
}

#[tokio::test]
async fn a_write_can_be_spawned() {
    let (_folder, phone) = phone().await;
    let records = phone.records.clone();
    let spawned = tokio::spawn(async move {
        let tag = new_tag(1, "beach");
        records.write(async |rows| rows.insert(tag).await).await
    });
    spawned.await.unwrap().unwrap();
    assert_eq!(phone.tags().await, ["beach"]);
}

#[tokio::test]
async fn writes_from_many_tasks_are_in_the_order_of_their_commits() {
    let (_folder, phone) = phone().await;
    let writers: Vec<_> = (0..20u128)
        .map(|id| {
            let records = phone.records.clone();
            tokio::spawn(async move {
                let tag = new_tag(id, &format!("tag {id}"));
                records.write(async |rows| rows.insert(tag).await).await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let pending = phone.pending().await;
    assert_eq!(pending.len(), 20);
    assert!(pending.windows(2).all(|pair| pair[0].hlc < pair[1].hlc));
}
