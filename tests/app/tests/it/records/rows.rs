//! What a payload does to a row.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use sync_log_sqlite::Uuid;
use sync_log_sqlite::receive::{Standing, WhyNotShown};

use super::gallery::{Gallery, album, entry, id, photo};

#[tokio::test]
async fn columns_that_are_local_to_the_device_keep_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let beach = [entry(1, "album", 1, json!({ "title": "Beach" }))];
    gallery.merge(&beach).await.unwrap();
    let find = || album::Entity::find_by_id(Uuid::from_u128(1));
    let found = find().one(&gallery.db).await.unwrap().unwrap();
    let mut local = found.into_active_model();
    local.opened = Set(7);
    local.update(&gallery.db).await.unwrap();

    let renamed = json!({ "title": "Dunes", "cover": null, "opened": 99, "colour": "sand" });
    gallery
        .merge(&[entry(2, "album", 1, renamed)])
        .await
        .unwrap();
    let changed = find().one(&gallery.db).await.unwrap().unwrap();
    assert_eq!((changed.title.as_str(), changed.opened), ("Dunes", 7));
}

/// Else a row would depend on the payloads that came before.
#[tokio::test]
async fn a_member_that_the_payload_does_not_have_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let red = Uuid::from_u128(1);
    let tagged = [
        entry(1, "tag", 1, json!({ "name": "red" })),
        entry(2, "album", 1, json!({ "title": "Beach" })),
        entry(
            3,
            "photo",
            1,
            json!({ "album": Uuid::from_u128(1), "tag": red }),
        ),
    ];
    gallery.merge(&tagged).await.unwrap();
    let find = || photo::Entity::find_by_id(Uuid::from_u128(1));
    assert_eq!(
        find().one(&gallery.db).await.unwrap().unwrap().tag,
        Some(red)
    );
    let plain = [entry(4, "photo", 1, json!({ "album": Uuid::from_u128(1) }))];
    gallery.merge(&plain).await.unwrap();
    assert_eq!(find().one(&gallery.db).await.unwrap().unwrap().tag, None);
}

#[tokio::test]
async fn a_payload_that_is_not_of_the_model_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let changes = [
        entry(1, "tag", 1, json!({ "title": "no name" })),
        entry(2, "note", 1, json!({})),
        entry(3, "tag", 2, json!([])),
    ];
    gallery.merge(&changes).await.unwrap();
    let expected = [
        (
            id("tag", 1),
            WhyNotShown::Refused("missing field `name`".to_owned()),
        ),
        (id("note", 1), WhyNotShown::UnknownModel),
        (
            id("tag", 2),
            WhyNotShown::Refused("the payload is no object".to_owned()),
        ),
    ];
    for (id, why) in expected {
        assert_eq!(gallery.standing(&id).await, Some(Standing::NotShown(why)));
    }
}

#[tokio::test]
async fn what_is_not_shown_survives_a_restart_and_is_shown_when_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let gallery = Gallery::made(&path).await;
    let photo = json!({ "album": Uuid::from_u128(1) });
    gallery.merge(&[entry(2, "photo", 1, photo)]).await.unwrap();
    gallery.db.close().await.unwrap();

    let reopened = Gallery::opened(&path).await.unwrap();
    let waits = WhyNotShown::MissingRecord(id("album", 1));
    let standing = reopened.standing(&id("photo", 1)).await;
    assert_eq!(standing, Some(Standing::NotShown(waits)));
    let beach = [entry(1, "album", 1, json!({ "title": "Beach" }))];
    assert!(reopened.merge(&beach).await.unwrap()[&id("photo", 1)].is_shown());

    let deleted = [
        entry(3, "photo", 1, Value::Null),
        entry(4, "album", 1, Value::Null),
    ];
    reopened.merge(&deleted).await.unwrap();
    assert_eq!(album::Entity::find().all(&reopened.db).await.unwrap(), []);
}

#[tokio::test]
async fn many_records_are_merged_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let title = |record: u128| match record % 50 {
        49 => json!({ "title": "?" }),
        _ => json!({ "title": record.to_string() }),
    };
    let albums = (1..=1000).map(|record| entry(7, "album", record, title(record)));
    let standings = gallery.merge(&albums.collect::<Vec<_>>()).await.unwrap();
    let shown = standings.values().filter(|standing| standing.is_shown());
    assert_eq!((standings.len(), shown.count()), (1000, 980));
    let rows = album::Entity::find().all(&gallery.db).await.unwrap();
    assert_eq!(rows.len(), 980);
    let is_right = |row: &album::Model| row.id.as_u128().to_string() == row.title;
    assert!(rows.iter().all(is_right));
}

#[tokio::test]
async fn records_are_merged_in_a_spawned_task() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let merged = tokio::spawn(async move {
        let beach = [entry(1, "album", 1, json!({ "title": "Beach" }))];
        gallery.merge(&beach).await.unwrap()
    });
    assert!(merged.await.unwrap()[&id("album", 1)].is_shown());
}
