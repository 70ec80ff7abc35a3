//! What the database says no to: a constraint is a reason, and a failure is none.

use std::time::Duration;

use rusqlite::Connection;
use sea_orm::{ConnectOptions, Database, EntityTrait, TransactionTrait};
use serde_json::{Value, json};
use sync_log_sqlite::receive::{Standing, WhyNotShown, merge};
use sync_log_sqlite::records::{Records, RecordsError, begin, make_tables};
use sync_log_sqlite::{StoreFault, Uuid};
use tempfile::TempDir;

use super::gallery::{Gallery, REFUSED, TABLES, declared, entry, id, make_app_tables, photo, tag};

#[tokio::test]
async fn a_row_that_a_constraint_refuses_is_not_shown_and_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let album = Uuid::from_u128(1);
    let changes = [
        entry(1, "album", 1, json!({ "title": "?" })),
        entry(2, "photo", 1, json!({ "album": album })),
        entry(3, "tag", 1, json!({ "name": "red" })),
    ];
    let standings = gallery.merge(&changes).await.unwrap();
    let why = WhyNotShown::Refused(REFUSED.to_owned());
    assert_eq!(standings[&id("album", 1)], Standing::NotShown(why));
    let waits = WhyNotShown::MissingRecord(id("album", 1));
    assert_eq!(standings[&id("photo", 1)], Standing::NotShown(waits));
    assert!(standings[&id("tag", 1)].is_shown());

    let named = [entry(4, "album", 1, json!({ "title": "Beach" }))];
    let now = gallery.merge(&named).await.unwrap();
    assert!(now[&id("photo", 1)].is_shown(), "{now:?}");
    assert_eq!(
        photo::Entity::find().all(&gallery.db).await.unwrap()[0].album,
        album
    );
}

#[tokio::test]
async fn a_database_that_is_busy_is_a_failure_and_no_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let made = Gallery::made(&path).await;
    made.db.close().await.unwrap();
    let options = ConnectOptions::new(format!("sqlite:{}", path.display()))
        .map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::ZERO))
        .to_owned();
    let db = Database::connect(options).await.unwrap();
    let gallery = Gallery {
        models: declared().register(&db).await.unwrap(),
        db,
    };
    let red = [entry(1, "tag", 1, json!({ "name": "red" }))];
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let at_begin = begin(&gallery.db).await.unwrap_err();
    assert_eq!(at_begin.fault(), StoreFault::Locked);

    // A transaction that did not take the lock first meets it in the middle.
    let txn = gallery.db.begin().await.unwrap();
    let mut records = Records::new(&txn, &gallery.models);
    let in_the_middle = merge(&mut records, &gallery.models, &red)
        .await
        .unwrap_err();
    assert_eq!(in_the_middle.fault(), StoreFault::Locked);
    txn.rollback().await.unwrap();

    other.execute_batch("ROLLBACK").unwrap();
    assert!(gallery.standing(&id("tag", 1)).await.is_none());
    assert!(gallery.merge(&red).await.unwrap()[&id("tag", 1)].is_shown());
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let red = [entry(1, "tag", 1, json!({ "name": "red" }))];
    let txn = begin(&gallery.db).await.unwrap();
    let mut records = Records::new(&txn, &gallery.models);
    let standings = merge(&mut records, &gallery.models, &red).await.unwrap();
    assert!(standings[&id("tag", 1)].is_shown());
    txn.rollback().await.unwrap();
    assert!(gallery.standing(&id("tag", 1)).await.is_none());
    assert_eq!(tag::Entity::find().all(&gallery.db).await.unwrap(), []);
}

#[tokio::test]
async fn a_reference_that_restricts_is_emptied_before_its_record_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let changes = [
        entry(1, "tag", 1, json!({ "name": "red" })),
        entry(2, "album", 1, json!({ "title": "Beach" })),
        entry(
            3,
            "photo",
            1,
            json!({ "album": Uuid::from_u128(1), "tag": Uuid::from_u128(1) }),
        ),
    ];
    gallery.merge(&changes).await.unwrap();
    // Emptied, and then hidden, although the foreign key restricts.
    let deleted = [entry(4, "tag", 1, Value::Null)];
    let standings = gallery.merge(&deleted).await.unwrap();
    let emptied = vec!["tag".to_owned()];
    assert_eq!(standings[&id("photo", 1)], Standing::Shown { emptied });
    assert_eq!(
        photo::Entity::find().all(&gallery.db).await.unwrap()[0].tag,
        None
    );
}

/// A gallery in which some parts of the tables are replaced.
async fn gallery_with(folder: &TempDir, parts: &[[&str; 2]]) -> Gallery {
    let mut tables = TABLES.to_owned();
    for [part, other] in parts {
        assert!(tables.contains(part), "{part}");
        tables = tables.replace(part, other);
    }
    let path = folder.path().join("app.db");
    make_app_tables(&path, &tables);
    Gallery::opened(&path).await.unwrap()
}

/// The database was asked to empty the row again and again, and the call did not return.
#[tokio::test]
async fn a_row_that_cannot_be_emptied_is_hidden_before_the_row_to_which_it_refers() {
    let folder = tempfile::tempdir().unwrap();
    let tagged = "tag BLOB CHECK (tag IS NOT NULL) REFERENCES tag (id)";
    let gallery = gallery_with(&folder, &[["tag BLOB REFERENCES tag (id)", tagged]]).await;
    let one = Uuid::from_u128(1);
    let changes = [
        entry(1, "tag", 1, json!({ "name": "red" })),
        entry(2, "album", 1, json!({ "title": "Beach" })),
        entry(3, "photo", 1, json!({ "album": one, "tag": one })),
    ];
    gallery.merge(&changes).await.unwrap();
    let deleted = [entry(4, "tag", 1, Value::Null)];
    let standings = gallery.merge(&deleted).await.unwrap();
    let why = standings[&id("photo", 1)].why_not_shown();
    assert!(matches!(why, Some(WhyNotShown::Refused(_))), "{why:?}");
    assert_eq!(photo::Entity::find().all(&gallery.db).await.unwrap(), []);

    let again = [entry(5, "tag", 1, json!({ "name": "red" }))];
    let now = gallery.merge(&again).await.unwrap();
    assert!(now[&id("photo", 1)].is_shown(), "{now:?}");
}

#[tokio::test]
async fn a_cascade_is_declared_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let cascading = TABLES.replace(
        "photo BLOB NOT NULL REFERENCES photo (id)",
        "photo BLOB NOT NULL REFERENCES photo (id) ON DELETE CASCADE",
    );
    make_app_tables(&path, &cascading);
    let db = app::connect(&path).await.unwrap();
    make_tables(&db).await.unwrap();
    let refused = declared().register(&db).await.unwrap_err();
    assert!(
        matches!(&refused, RecordsError::Cascade { .. }),
        "{refused}"
    );
    let said = refused.to_string();
    assert!(said.contains("link by way of photo"), "{said}");
    assert!(refused.help().contains("`follows`"), "{}", refused.help());
    assert!(
        refused.help().contains("`logs_cascade`"),
        "{}",
        refused.help()
    );
    declared()
        .logs_cascade("photo")
        .register(&db)
        .await
        .unwrap();
}

/// The database emptied the cover of the second album when the link was hidden before it, and refused that.
#[tokio::test]
async fn a_row_that_cannot_be_emptied_is_hidden_before_what_follows_it() {
    let folder = tempfile::tempdir().unwrap();
    let covered = "cover BLOB REFERENCES link (id) ON DELETE SET NULL CHECK (cover IS NOT NULL)";
    let parts = [
        ["cover BLOB REFERENCES photo (id)", covered],
        ["photo BLOB NOT NULL REFERENCES photo (id)", "photo BLOB"],
    ];
    let gallery = gallery_with(&folder, &parts).await;
    let one = Uuid::from_u128(1);
    let album = json!({ "title": "Beach", "cover": one });
    let group = [
        entry(1, "album", 1, album.clone()),
        entry(2, "album", 2, album),
        entry(
            3,
            "link",
            1,
            json!({ "photo": one, "album": Uuid::from_u128(2) }),
        ),
    ];
    let shown = gallery.merge(&group).await.unwrap();
    assert!(shown.values().all(Standing::is_shown), "{shown:?}");
    let deleted = [entry(4, "album", 2, Value::Null)];
    let standings = gallery.merge(&deleted).await.unwrap();
    let why = standings[&id("album", 1)].why_not_shown();
    assert!(matches!(why, Some(WhyNotShown::Refused(_))), "{why:?}");
    assert_eq!(standings[&id("link", 1)], Standing::Deleted);
}
