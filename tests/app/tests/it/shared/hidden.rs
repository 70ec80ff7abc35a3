//! What an app does with records that its tables do not show.

use sea_orm::ConnectionTrait;
use sync_log_sqlite::receive::WhyNotShown;
use sync_log_sqlite::{Change, Uuid};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, PHONE, new_tag, tag_id};
use crate::records::gallery::tag;

/// Two devices that have both added a tag of one name. The tag of the laptop is not shown.
async fn devices_with_a_duplicate() -> ([TempDir; 2], Device, Device) {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    laptop.add_tag(2, "beach").await;
    phone.pull(&laptop).await;
    laptop.pull(&phone).await;
    let hidden = phone.records.not_shown(10).await.unwrap();
    let because = WhyNotShown::DuplicateOf(Uuid::from_u128(1));
    assert_eq!(hidden, [(tag_id(2), because)]);
    (folders, phone, laptop)
}

#[tokio::test]
async fn a_record_that_is_not_shown_is_shown_once_it_is_inserted_under_another_key() {
    let (_folders, phone, laptop) = devices_with_a_duplicate().await;
    let renamed = new_tag(2, "sea");
    phone.records.insert(renamed).await.unwrap();
    laptop.pull(&phone).await;
    for device in [&phone, &laptop] {
        assert_eq!(device.tags().await, ["beach", "sea"]);
        assert!(device.records.not_shown(10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_record_that_is_not_shown_is_deleted_by_a_recorded_change() {
    let (_folders, phone, laptop) = devices_with_a_duplicate().await;
    assert!(!phone.delete_tag(2).await, "it has no row");
    let delete = Change::delete("tag", Uuid::from_u128(2));
    let deleted = phone.records.write(async |rows| {
        rows.record(delete);
        Ok(())
    });
    deleted.await.unwrap();
    laptop.pull(&phone).await;
    for device in [&phone, &laptop] {
        assert_eq!(device.tags().await, ["beach"]);
        assert!(device.records.not_shown(10).await.unwrap().is_empty());
    }
}

/// The app may know the record from `not_shown` alone, and has no row to change.
#[tokio::test]
async fn a_record_that_is_not_shown_gets_its_row_from_a_recorded_change() {
    let (_folders, phone, laptop) = devices_with_a_duplicate().await;
    let renamed = serde_json::json!({ "id": Uuid::from_u128(2), "name": "sea" });
    let rename = Change::update("tag", Uuid::from_u128(2), &renamed).unwrap();
    let recorded = phone.records.write(async |rows| {
        rows.record(rename);
        Ok(())
    });
    recorded.await.unwrap();
    laptop.pull(&phone).await;
    for device in [&phone, &laptop] {
        assert_eq!(device.tags().await, ["beach", "sea"]);
        assert!(device.records.not_shown(10).await.unwrap().is_empty());
    }
}

/// The phone's deletion lets the laptop's tag take the name, and a trigger of the app refuses that in a way
/// that ends the whole transaction.
#[tokio::test]
async fn a_trigger_that_ends_the_transaction_leaves_nothing_of_a_change() {
    let (_folders, phone, _laptop) = devices_with_a_duplicate().await;
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON tag BEGIN SELECT RAISE(ROLLBACK, 'no'); END";
    phone.db.execute_unprepared(trigger).await.unwrap();
    let before = phone.pending().await;
    let delete = phone.records.delete::<tag::Entity>(Uuid::from_u128(1));
    let error = delete.await.unwrap_err();
    assert!(
        error.to_string().contains("ended the transaction"),
        "{error}"
    );
    assert_eq!(phone.tags().await, ["beach"]);
    phone.records.drain().await.unwrap();
    assert_eq!(phone.pending().await, before);
    let kept = phone.records.record(&tag_id(1)).await.unwrap().unwrap();
    assert!(kept.standing.is_shown());

    phone
        .db
        .execute_unprepared("DROP TRIGGER no")
        .await
        .unwrap();
    assert!(phone.delete_tag(1).await);
    assert_eq!(phone.pending().await.len(), before.len() + 1);
}
