//! Changes of shared rows that were not recorded are found.

use rusqlite::Connection;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{Unrecorded, begin};
use sync_log_sqlite::{Change, Uuid};

use super::device::{Device, LAPTOP, PHONE, database, new_tag, tag_id};
use crate::records::gallery::{album, photo};

async fn phone() -> (tempfile::TempDir, Device) {
    let folder = tempfile::tempdir().unwrap();
    let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
    (folder, phone)
}

/// Changes rows behind the back of SeaORM and of the records.
fn change_rows(folder: &tempfile::TempDir, sql: &str) {
    let raw = Connection::open(database(folder.path())).unwrap();
    raw.execute_batch(sql).unwrap();
}

/// The literal of the key of a record.
fn key(number: u128) -> String {
    format!("x'{}'", Uuid::from_u128(number).simple())
}

async fn found(phone: &Device) -> Vec<(RecordId, Unrecorded)> {
    phone.records.audit(usize::MAX).await.unwrap()
}

fn updated(column: &str) -> Unrecorded {
    Unrecorded::Update {
        columns: vec![column.to_owned()],
    }
}

#[tokio::test]
async fn each_change_of_a_row_that_is_not_recorded_is_found() {
    let (folder, phone) = phone().await;
    for (number, name) in [(1, "beach"), (2, "city"), (3, "wood")] {
        phone.add_tag(number, name).await;
    }
    assert_eq!(found(&phone).await, []);

    change_rows(
        &folder,
        &format!(
            "UPDATE tag SET name = 'sea' WHERE id = {};
             DELETE FROM tag WHERE id = {};
             INSERT INTO tag (id, name) VALUES ({}, 'lake');",
            key(1),
            key(2),
            key(4),
        ),
    );
    let mut all = found(&phone).await;
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    let expected = [
        (tag_id(1), updated("name")),
        (tag_id(2), Unrecorded::Delete),
        (tag_id(4), Unrecorded::Insert),
    ];
    assert_eq!(all, expected);
    assert_eq!(phone.records.audit(2).await.unwrap().len(), 2);

    phone.rename_tag(1, "ocean").await;
    let inserted = Change::insert(
        "tag",
        Uuid::from_u128(4),
        &serde_json::json!({ "name": "lake" }),
    );
    let recorded = phone.records.write(async |rows| {
        rows.record(inserted.unwrap());
        rows.record(Change::delete("tag", Uuid::from_u128(2)));
        Ok(())
    });
    recorded.await.unwrap();
    assert_eq!(found(&phone).await, []);
}

#[tokio::test]
async fn a_row_that_comes_back_after_its_deletion_is_found() {
    let (folder, phone) = phone().await;
    phone.add_tag(1, "beach").await;
    assert!(phone.delete_tag(1).await);
    assert_eq!(found(&phone).await, []);
    let insert = format!("INSERT INTO tag (id, name) VALUES ({}, 'beach')", key(1));
    change_rows(&folder, &insert);
    assert_eq!(found(&phone).await, [(tag_id(1), Unrecorded::Insert)]);
}

#[tokio::test]
async fn what_is_local_and_what_the_app_does_not_know_does_not_count() {
    let (folder, phone) = phone().await;
    let album = Uuid::from_u128(1);
    let txn = begin(&phone.db).await.unwrap();
    let row = album::ActiveModel {
        id: Set(album),
        title: Set("sea".to_owned()),
        cover: Set(None),
        opened: Set(0),
    };
    row.insert(&txn).await.unwrap();
    let payload = serde_json::json!({ "color": "blue", "title": "sea" });
    let change = Change::insert("album", album, &payload).unwrap();
    let recorded = phone.records.record_in(&txn, change.model_version(1)).await;
    recorded.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(found(&phone).await, []);
    change_rows(&folder, "UPDATE album SET opened = 7");
    assert_eq!(found(&phone).await, []);
    change_rows(&folder, "UPDATE album SET title = 'lake'");
    let unrecorded = [(RecordId::new("album", album), updated("title"))];
    assert_eq!(found(&phone).await, unrecorded);
}

#[tokio::test]
async fn a_reference_that_is_shown_empty_does_not_count() {
    let (folder, phone) = phone().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let laptop = Device::new(elsewhere.path(), LAPTOP, PHONE).await;
    laptop.add_tag(9, "beach").await;
    let [album, picture, tag] = [1, 2, 9].map(Uuid::from_u128);
    let added = laptop.records.write(async |rows| {
        rows.insert(album::ActiveModel {
            id: Set(album),
            title: Set("sea".to_owned()),
            cover: Set(None),
            opened: Set(0),
        })
        .await?;
        rows.insert(photo::ActiveModel {
            id: Set(picture),
            album: Set(album),
            tag: Set(Some(tag)),
        })
        .await
    });
    added.await.unwrap();
    // The tag of the lower id holds the name, so that the other one is hidden, and the photo has no tag.
    phone.add_tag(8, "beach").await;
    phone.pull(&laptop).await;
    let photo = RecordId::new("photo", picture);
    let record = phone.records.record(&photo).await.unwrap().unwrap();
    assert_eq!(record.standing.emptied(), Some(&["tag".to_owned()][..]));
    assert_eq!(found(&phone).await, []);
    change_rows(&folder, &format!("UPDATE photo SET tag = {}", key(8)));
    assert_eq!(found(&phone).await, [(photo, updated("tag"))]);
}

#[tokio::test]
async fn every_row_and_every_version_is_compared_however_many_there_are() {
    let (folder, phone) = phone().await;
    let tags = phone.records.write(async |rows| {
        for number in 1..=600 {
            rows.insert(new_tag(number, &number.to_string())).await?;
        }
        Ok(())
    });
    tags.await.unwrap();
    let more = phone.records.write(async |rows| {
        for number in 601..=1200 {
            rows.insert(new_tag(number, &number.to_string())).await?;
        }
        Ok(())
    });
    more.await.unwrap();
    assert_eq!(found(&phone).await, []);
    let changed = format!(
        "UPDATE tag SET name = 'x' WHERE id = {}; DELETE FROM tag WHERE id = {}",
        key(1199),
        key(1200)
    );
    change_rows(&folder, &changed);
    let expected = [
        (tag_id(1199), updated("name")),
        (tag_id(1200), Unrecorded::Delete),
    ];
    assert_eq!(found(&phone).await, expected);
}
