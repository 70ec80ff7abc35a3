//! Futures that an app drops half-way or awaits together, and errors that it does not return.

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread::sleep;
use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, TransactionTrait,
};
use sync_log_sqlite::records::{Models, SharedRecords, SyncError};
use sync_log_sqlite::{Cursor, ReadLimits, Uuid};
use tempfile::tempdir;

use super::device::{Device, LAPTOP, LIBRARY, PHONE, database, make_tables, new_tag};
use crate::records::gallery::{album, declared, tag};

/// Polls work so many times, and then drops it. Returns whether it came to its end.
async fn polled<T>(work: impl Future<Output = T>, polls: u32, pause: Duration) -> bool {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if work.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        // The driver's thread runs the statement meanwhile.
        sleep(pause);
        tokio::task::yield_now().await;
    }
    false
}

/// Whether what the app commits from here on is in the file, even after a transaction that it rolls back.
async fn commits_reach_the_file(phone: &Device, id: Uuid) -> bool {
    let txn = phone.db.begin().await.unwrap();
    let update = txn.execute_unprepared("UPDATE album SET title = 'other'");
    update.await.unwrap();
    txn.rollback().await.unwrap();
    let row = album::ActiveModel {
        id: Set(id),
        title: Set("title".to_owned()),
        cover: Set(None),
        opened: Set(0),
    };
    let plain = phone.db.begin().await.unwrap();
    let insert = album::Entity::insert(row).exec_without_returning(&plain);
    insert.await.unwrap();
    plain.commit().await.unwrap();
    phone.is_in_the_file(id)
}

impl Device {
    fn is_in_the_file(&self, album: Uuid) -> bool {
        let raw = rusqlite::Connection::open(database(self.folder())).unwrap();
        let query = "SELECT count(*) FROM album WHERE id = ?1";
        let count = raw.query_row(query, [album.as_bytes().as_slice()], |row| {
            row.get::<_, i64>(0)
        });
        count.unwrap() == 1
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_anywhere_leaves_the_connection_as_it_was() {
    let mut done = false;
    let mut polls = 0;
    while !done {
        polls += 1;
        let folder = tempdir().unwrap();
        let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
        let write = phone.records.insert(new_tag(1, "beach"));
        done = polled(write, polls, Duration::from_millis(3)).await;
        assert_eq!(phone.records.audit(10).await.unwrap(), []);
        let id = Uuid::from_u128(u128::from(polls));
        let is_there = commits_reach_the_file(&phone, id).await;
        assert!(is_there, "after {polls} polls");
    }
    assert!(polls > 5, "it was dropped at {polls} places only");
}

#[tokio::test]
async fn a_call_that_is_dropped_in_a_write_leaves_no_row_without_an_entry() {
    let folder = tempdir().unwrap();
    let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
    phone.add_tag(1, "beach").await;
    let mut refused = 0;
    for round in 0..30_u32 {
        let before = (phone.tags().await, phone.pending().await);
        let name = format!("name {round}");
        let written = phone.records.write(async |rows| {
            let update = rows.update(new_tag(1, &name));
            polled(update, round % 3 + 1, Duration::from_millis(1)).await;
            Ok(())
        });
        if let Err(error) = written.await {
            assert!(matches!(error, SyncError::Unfinished), "{error}");
            assert_eq!((phone.tags().await, phone.pending().await), before);
            refused += 1;
        }
        assert_eq!(phone.records.audit(10).await.unwrap(), []);
    }
    assert!(refused > 0, "no call was dropped while its statement ran");
}

#[tokio::test]
async fn a_row_that_is_refused_or_missing_leaves_the_rest_of_a_write() {
    let folder = tempdir().unwrap();
    let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
    let written = phone.records.write(async |rows| {
        rows.insert(new_tag(1, "beach")).await?;
        let same_name = rows.insert(new_tag(2, "beach")).await;
        assert!(matches!(same_name, Err(SyncError::App(_))));
        let missing = rows.update(new_tag(3, "city")).await;
        assert!(matches!(missing, Err(SyncError::App(_))));
        Ok(())
    });
    written.await.unwrap();
    assert_eq!(phone.tags().await, ["beach"]);
    assert_eq!(phone.pending().await.len(), 1);
}

#[tokio::test]
async fn a_call_that_fails_leaves_the_rest_of_a_write() {
    let folder = tempdir().unwrap();
    let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
    let broken = "CREATE TRIGGER broken BEFORE DELETE ON tag \
                  BEGIN SELECT json('no json'); END";
    phone.add_tag(1, "beach").await;
    phone.db.execute_unprepared(broken).await.unwrap();
    let written = phone.records.write(async |rows| {
        rows.insert(new_tag(2, "city")).await?;
        let failed = rows.delete::<tag::Entity>(Uuid::from_u128(1)).await;
        assert!(matches!(failed, Err(SyncError::App(_))));
        Ok(())
    });
    written.await.unwrap();
    assert_eq!(phone.tags().await, ["beach", "city"]);
    assert_eq!(phone.pending().await.len(), 2);
    assert_eq!(phone.records.audit(10).await.unwrap(), []);
}

/// In a database whose commits are not on disk, each drain syncs, and sets that up for its own statement.
#[tokio::test]
async fn a_drain_that_is_dropped_anywhere_leaves_the_settings_as_they_were() {
    let mut done = false;
    let mut polls = 0;
    while !done {
        polls += 1;
        let folder = tempdir().unwrap();
        make_tables(folder.path());
        let path = database(folder.path());
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.pragma_update(None, "journal_mode", "wal").unwrap();
        let url = format!("sqlite:{}?mode=rwc", path.display());
        let mut options = sea_orm::ConnectOptions::new(url);
        options.sqlx_logging(false);
        options.map_sqlx_sqlite_opts(|it| it.pragma("synchronous", "NORMAL"));
        let db = sea_orm::Database::connect(options).await.unwrap();
        let opened = SharedRecords::open(&db, declared(), LIBRARY, PHONE, folder.path());
        let records = opened.await.unwrap();
        let write = records.insert(new_tag(1, "beach"));
        let pause = Duration::from_micros(u64::from(50 + 300 * (polls % 5)));
        done = polled(write, polls, pause).await;
        // What was begun comes to its end.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let read = Statement::from_string(DbBackend::Sqlite, "PRAGMA synchronous");
        let row = db.query_one_raw(read).await.unwrap().unwrap();
        assert_eq!(
            row.try_get_by_index::<i64>(0).unwrap(),
            1,
            "after {polls} polls"
        );
    }
}

mod hooked {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "tag")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    /// A constraint refuses what the hook does after the row is written.
    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn after_save<C: ConnectionTrait>(
            model: Model,
            db: &C,
            _: bool,
        ) -> Result<Model, DbErr> {
            let refused = "INSERT INTO local (title) VALUES ('?')";
            db.execute_unprepared(refused).await?;
            Ok(model)
        }
    }
}

/// An app whose tags have the hook.
async fn with_hook(folder: &Path, device: Uuid) -> (DatabaseConnection, SharedRecords) {
    let path = database(folder);
    let raw = rusqlite::Connection::open(&path).unwrap();
    let tables = "CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE local (title TEXT NOT NULL CHECK (title <> '?'))";
    raw.execute_batch(tables).unwrap();
    let db = app::connect(&path).await.unwrap();
    let models = Models::new().entity::<hooked::Entity>("tag");
    let opened = SharedRecords::open(&db, models, LIBRARY, device, folder);
    let records = opened.await.unwrap();
    (db, records)
}

#[tokio::test]
async fn a_page_is_applied_without_the_hooks_of_the_app_and_is_no_own_change() {
    let [of_phone, of_laptop] = [(); 2].map(|()| tempdir().unwrap());
    let phone = Device::new(of_phone.path(), PHONE, LAPTOP).await;
    phone.add_tag(1, "beach").await;
    let (db, laptop) = with_hook(of_laptop.path(), LAPTOP).await;
    let log = phone.records.log();
    let page = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let _ = laptop.apply(PHONE, &page.await.unwrap()).await.unwrap();
    let [tag] = &hooked::Entity::find().all(&db).await.unwrap()[..] else {
        panic!("one tag is shown");
    };
    assert_eq!(tag.name, "beach");
    assert_eq!(laptop.log().get_since(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_hook_that_fails_after_its_row_was_written_leaves_no_row_without_an_entry() {
    let folder = tempdir().unwrap();
    let (db, records) = with_hook(folder.path(), PHONE).await;
    let written = records.write(async |rows| {
        let beach = hooked::ActiveModel {
            id: Set(Uuid::from_u128(1)),
            name: Set("beach".to_owned()),
        };
        let failed = rows.insert(beach).await;
        assert!(matches!(failed, Err(SyncError::App(_))));
        Ok(())
    });
    written.await.unwrap();
    assert_eq!(hooked::Entity::find().all(&db).await.unwrap(), []);
    assert_eq!(records.audit(10).await.unwrap(), []);
}

mod slow {
    use std::time::Duration;

    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "tag")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    /// The hook takes its time over two names, and refuses one of them.
    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, _: &C, _: bool) -> Result<Self, DbErr> {
            let name = self.name.as_ref();
            if name == "beach" || name == "refused" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if name == "refused" {
                return Err(DbErr::Custom(name.clone()));
            }
            Ok(self)
        }
    }
}

/// Tags with a slow hook, and where they are.
async fn slow_tags() -> (
    tempfile::TempDir,
    sea_orm::DatabaseConnection,
    SharedRecords,
) {
    let folder = tempdir().unwrap();
    let path = database(folder.path());
    let raw = rusqlite::Connection::open(&path).unwrap();
    let table = "CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL)";
    raw.execute_batch(table).unwrap();
    let db = app::connect(&path).await.unwrap();
    let models = Models::new().entity::<slow::Entity>("tag");
    let records = SharedRecords::open(&db, models, LIBRARY, PHONE, folder.path());
    let records = records.await.unwrap();
    (folder, db, records)
}

fn slow_tag(id: u128, name: &str) -> slow::ActiveModel {
    slow::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        name: Set(name.to_owned()),
    }
}

/// The first call is not polled while the second one runs, so the second one must not wait for it.
#[tokio::test]
async fn a_call_that_begins_while_another_one_is_running_is_refused() {
    let (_folder, db, records) = slow_tags().await;
    let written = records.write(async |rows| {
        let beach = rows.insert(slow_tag(1, "beach"));
        let mut beach = pin!(beach);
        assert!(!polled(beach.as_mut(), 1, Duration::ZERO).await);
        let city = rows.insert(slow_tag(2, "city")).await;
        assert!(matches!(city, Err(SyncError::Overlapping)), "{city:?}");
        beach.await?;
        rows.insert(slow_tag(2, "city")).await
    });
    written.await.unwrap();
    assert_eq!(slow::Entity::find().all(&db).await.unwrap().len(), 2);
    assert_eq!(records.audit(10).await.unwrap(), []);
}
