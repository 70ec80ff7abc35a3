//! How the app's tables are changed, step by step.

use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::json;
use sync_log_sqlite::Uuid;
use sync_log_sqlite::receive::{Move, RecordId, RecordStore};
use sync_log_sqlite::records::{Records, begin};
use tempfile::TempDir;

use super::gallery::{Gallery, REFUSED, id, link, tag};

async fn gallery() -> (TempDir, Gallery) {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    (folder, gallery)
}

async fn change(
    txn: &DatabaseTransaction,
    gallery: &Gallery,
    steps: &[Move],
) -> Vec<(RecordId, String)> {
    let mut records = Records::new(txn, &gallery.models);
    records.change(steps).await.unwrap()
}

fn show(model: &str, number: u128, payload: serde_json::Value) -> Move {
    Move::Show(id(model, number), payload.into())
}

fn tag(number: u128, name: &str) -> Move {
    show("tag", number, json!({ "name": name }))
}

/// The tags, in the order of their ids.
async fn tags(txn: &DatabaseTransaction) -> Vec<String> {
    let tags = tag::Entity::find().order_by_asc(tag::Column::Id).all(txn);
    let tags = tags.await.unwrap().into_iter();
    tags.map(|tag| tag.name).collect()
}

#[tokio::test]
async fn one_refused_step_undoes_the_others_and_names_each_that_is_refused() {
    let (_folder, gallery) = gallery().await;
    let steps = [
        tag(1, "red"),
        tag(2, "red"),
        show("album", 1, json!({ "title": "?" })),
        tag(3, "blue"),
    ];
    let txn = begin(&gallery.db).await.unwrap();
    let refused = change(&txn, &gallery, &steps).await;
    let expected = [
        (
            id("tag", 2),
            "UNIQUE constraint failed: tag.name".to_owned(),
        ),
        (id("album", 1), REFUSED.to_owned()),
    ];
    assert_eq!(refused, expected);
    assert_eq!(tags(&txn).await, [""; 0]);
    assert_eq!(change(&txn, &gallery, &steps[..1]).await, []);
    assert_eq!(tags(&txn).await, ["red"]);
}

#[tokio::test]
async fn of_many_records_those_that_are_refused_are_named_and_the_others_are_shown() {
    let (_folder, gallery) = gallery().await;
    let many = |except: &[u128]| {
        let numbers = (0..100).filter(|number| !except.contains(number));
        let tags = numbers.map(|number| tag(number, &format!("{:03}", number % 90)));
        let title = |title: &str| json!({ "title": title });
        let albums = [show("album", 1, title("a")), show("album", 2, title("b"))];
        tags.chain(albums)
            .chain([tag(200, "200")])
            .collect::<Vec<_>>()
    };
    let txn = begin(&gallery.db).await.unwrap();
    let refused = change(&txn, &gallery, &many(&[])).await;
    let refused: Vec<_> = refused.into_iter().map(|(id, _)| id).collect();
    let twice: Vec<_> = (90..100).collect();
    let expected = twice.iter().map(|number| id("tag", *number));
    assert_eq!(refused, expected.collect::<Vec<_>>());
    assert_eq!(change(&txn, &gallery, &many(&twice)).await, []);
    let shown = (0..90).chain([200]).map(|number| format!("{number:03}"));
    assert_eq!(tags(&txn).await, shown.collect::<Vec<_>>());
}

/// A replaced album would be deleted first, and its links with it.
#[tokio::test]
async fn a_row_that_is_there_is_changed_and_never_replaced() {
    let (_folder, gallery) = gallery().await;
    let txn = begin(&gallery.db).await.unwrap();
    let one = Uuid::from_u128(1);
    let album = |title: &str| show("album", 1, json!({ "title": title }));
    let photo = show("photo", 1, json!({ "album": one }));
    let linked = show("link", 1, json!({ "photo": one, "album": one }));
    assert_eq!(
        change(&txn, &gallery, &[album("a"), photo, linked]).await,
        []
    );
    for title in ["b", "b"] {
        assert_eq!(change(&txn, &gallery, &[album(title)]).await, []);
    }
    assert_eq!(link::Entity::find().count(&txn).await.unwrap(), 1);
    let hide = [Move::Hide(id("link", 1))];
    for _ in 0..2 {
        assert_eq!(change(&txn, &gallery, &hide).await, []);
    }
    assert_eq!(link::Entity::find().count(&txn).await.unwrap(), 0);
}

#[tokio::test]
async fn the_record_is_the_one_that_the_change_names() {
    let (_folder, gallery) = gallery().await;
    let txn = begin(&gallery.db).await.unwrap();
    let payload = json!({ "id": Uuid::from_u128(2), "name": "red" });
    change(&txn, &gallery, &[show("tag", 1, payload)]).await;
    let stored = tag::Entity::find().one(&txn).await.unwrap().unwrap();
    assert_eq!(stored.id, Uuid::from_u128(1));
}

#[tokio::test]
async fn a_row_that_cannot_be_hidden_is_a_failure_and_is_named() {
    let (_folder, gallery) = gallery().await;
    let held = "CREATE TRIGGER held BEFORE DELETE ON tag BEGIN SELECT raise(ABORT, 'held'); END";
    gallery.db.execute_unprepared(held).await.unwrap();
    let txn = begin(&gallery.db).await.unwrap();
    change(&txn, &gallery, &[tag(1, "red")]).await;
    let mut records = Records::new(&txn, &gallery.models);
    let failed = records.change(&[Move::Hide(id("tag", 1))]).await;
    let said = failed.unwrap_err().to_string();
    let named = format!("hide tag {}", Uuid::from_u128(1));
    assert!(said.contains(&named), "{said}");
}

#[tokio::test]
async fn a_row_that_is_ignored_is_refused() {
    let (_folder, gallery) = gallery().await;
    let ignored = "CREATE TRIGGER ignored BEFORE INSERT ON tag WHEN new.name = 'red' \
                   BEGIN SELECT raise(IGNORE); END";
    gallery.db.execute_unprepared(ignored).await.unwrap();
    let txn = begin(&gallery.db).await.unwrap();
    let refused = change(&txn, &gallery, &[tag(1, "red")]).await;
    assert_eq!(refused[0].1, "a trigger or a constraint ignored the row");
    for _ in 0..2 {
        assert_eq!(change(&txn, &gallery, &[tag(1, "blue")]).await, []);
    }
}

#[tokio::test]
async fn the_rows_of_a_model_that_is_no_longer_registered_are_left_alone() {
    let (_folder, gallery) = gallery().await;
    let txn = begin(&gallery.db).await.unwrap();
    let steps = [Move::Hide(id("note", 1)), tag(1, "red")];
    assert_eq!(change(&txn, &gallery, &steps).await, []);
    let refused = change(&txn, &gallery, &[show("note", 1, json!({}))]).await;
    assert_eq!(refused[0].1, "the model is not registered");
}
