//! A new version of the app decides all records again (`X6`).

use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sync_log_sqlite::receive::WhyNotShown;
use sync_log_sqlite::records::{DeclaredModels, Models, SyncError};
use sync_log_sqlite::{Cursor, ErrorKind, ReadLimits, Uuid};

use super::device::{Device, LAPTOP, PHONE, new_tag, tag_id};
use crate::common::database::{Layout, execute};
use crate::records::gallery::{album, declared, entity, link, photo, tag};

entity!(coloured, "tag", name: String, colour: Option<String>);

/// The models of the app's next version, in which tags have a version of their own.
pub(super) fn next() -> DeclaredModels {
    with_others(Models::new().entity::<tag::Entity>("tag").version(2))
}

fn with_others(tags: DeclaredModels) -> DeclaredModels {
    tags.entity::<album::Entity>("album")
        .version(1)
        .per_field(1)
        .entity::<photo::Entity>("photo")
        .entity::<link::Entity>("link")
        .follows("album")
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_shown_once_the_app_is_upgraded() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    let phone = phone.reopened(next()).await;
    phone.add_tag(1, "beach").await;

    laptop.pull(&phone).await;
    assert!(laptop.tags().await.is_empty());
    let hidden = laptop.records.not_shown(10).await.unwrap();
    assert_eq!(hidden, [(tag_id(1), WhyNotShown::NewerModel)]);

    let laptop = laptop.reopened(next()).await;
    assert_eq!(laptop.tags().await, ["beach"]);
    assert!(laptop.records.not_shown(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_member_that_the_earlier_version_did_not_know_fills_the_new_column() {
    let add_column = "ALTER TABLE tag ADD COLUMN colour TEXT";
    let coloured = || with_others(Models::new().entity::<coloured::Entity>("tag"));
    let plain = || with_others(Models::new().entity::<tag::Entity>("tag"));
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let paths = [0, 1].map(|number: usize| folders[number].path());
    paths.into_iter().for_each(super::device::make_tables);
    execute(paths[0], add_column);
    let phone = Device::open_with(paths[0], PHONE, coloured())
        .await
        .unwrap();
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    let red = coloured::ActiveModel {
        id: Set(tag_id(1).record_uuid),
        name: Set("beach".to_owned()),
        colour: Set(Some("#f00".to_owned())),
    };
    let added = phone.records.write(async |rows| rows.insert(red).await);
    added.await.unwrap();

    let laptop = Device::open_with(paths[1], LAPTOP, plain()).await.unwrap();
    laptop.pull(&phone).await;
    laptop.rename_tag(1, "sea").await;
    let kept = laptop.pending().await;
    assert!(
        kept[0].data.as_str().contains("#f00"),
        "an older app strips nothing"
    );

    execute(paths[1], add_column);
    let laptop = laptop.reopened(coloured()).await;
    let rows = coloured::Entity::find().all(&laptop.db).await.unwrap();
    assert_eq!(rows[0].name, "sea");
    assert_eq!(rows[0].colour.as_deref(), Some("#f00"));
}

#[tokio::test]
async fn an_opening_without_a_new_version_decides_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
    phone.add_tag(1, "beach").await;
    // A row that is written behind the back of the records stays as it is.
    execute(folder.path(), "UPDATE tag SET name = 'sea'");
    let phone = phone.reopened(declared()).await;
    assert_eq!(phone.tags().await, ["sea"]);
}

/// Makes the table of albums again, without its constraint.
fn allow_every_title(folder: &Path) {
    let rebuild = "
        PRAGMA foreign_keys = OFF;
        CREATE TABLE new_album (id BLOB PRIMARY KEY, title TEXT NOT NULL,
            cover BLOB REFERENCES photo (id), opened INTEGER NOT NULL DEFAULT 0);
        INSERT INTO new_album SELECT id, title, cover, opened FROM album;
        DROP TABLE album;
        ALTER TABLE new_album RENAME TO album;";
    execute(folder, rebuild);
}

#[tokio::test]
async fn a_record_that_a_constraint_refused_is_shown_once_the_table_takes_it() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    allow_every_title(folders[0].path());
    let untitled = album::ActiveModel {
        id: Set(Uuid::from_u128(1)),
        title: Set("?".to_owned()),
        cover: Set(None),
        opened: Set(0),
    };
    phone.records.insert(untitled).await.unwrap();
    laptop.pull(&phone).await;
    let hidden = laptop.records.not_shown(10).await.unwrap();
    assert!(
        matches!(hidden[..], [(_, WhyNotShown::Refused(_))]),
        "{hidden:?}"
    );

    allow_every_title(folders[1].path());
    let laptop = laptop.reopened(declared()).await;
    assert!(laptop.records.not_shown(10).await.unwrap().is_empty());
    let albums = album::Entity::find().all(&laptop.db).await.unwrap();
    assert_eq!(albums.len(), 1);
}

/// It runs beside the newer release, and would hide what that one shows.
#[tokio::test]
async fn an_older_release_is_refused_once_a_newer_one_has_opened_the_records() {
    for layout in Layout::BOTH {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
        let phone = phone.reopened(next()).await;
        phone.add_tag(1, "beach").await;
        let older = Device::alone(layout, folders[1].path(), LAPTOP).await;
        older.register(&phone).await;
        let snapshot = phone.records.snapshot().await.unwrap();
        let first = phone.records.snapshot_page(None).await.unwrap();
        let taking = older.records.take_snapshot(PHONE, snapshot.clone()).await;
        let mut taking = taking.unwrap();
        let _ = taking.merge(&first).await.unwrap();

        let newer = Device::open_in(layout, folders[1].path(), LAPTOP, next()).await;
        let newer = newer.unwrap();
        phone.rename_tag(1, "sea").await;
        let log = phone.records.log();
        let read = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        let page = read.await.unwrap();
        let refused = [
            older.records.apply(PHONE, &page).await.map(drop),
            older.records.insert(new_tag(2, "city")).await.map(drop),
            older.records.forget_deleted().await.map(drop),
            older.records.take_snapshot(PHONE, snapshot).await.map(drop),
            taking.finish().await.map(drop),
        ];
        for outcome in refused {
            let error = outcome.expect_err("the models are not those of the records");
            assert!(
                matches!(error, SyncError::OtherModels),
                "{layout:?}: {error}"
            );
            assert_eq!(error.kind(), ErrorKind::Reopen);
        }
        assert_eq!(newer.pull(&phone).await, 1);
        assert_eq!(newer.tags().await, ["sea"]);
    }
}

/// With the log in the app's database, the last step of an opening is a transaction of its own.
#[tokio::test]
async fn an_older_release_is_refused_even_if_the_opening_of_the_newer_one_failed_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let older = Device::alone(Layout::Attached, folder.path(), PHONE).await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON sync_log_receiver WHEN NEW.models <> ''
        BEGIN SELECT RAISE(ABORT, 'full'); END";
    execute(folder.path(), full);
    let failed = Device::open_in(Layout::Attached, folder.path(), PHONE, next()).await;
    assert!(failed.is_err());
    execute(folder.path(), "DROP TRIGGER full");
    let refused = older.records.insert(new_tag(1, "beach")).await;
    assert!(
        matches!(refused, Err(SyncError::OtherModels)),
        "{refused:?}"
    );

    let newer = Device::open_in(Layout::Attached, folder.path(), PHONE, next()).await;
    newer.unwrap().add_tag(1, "beach").await;
}
