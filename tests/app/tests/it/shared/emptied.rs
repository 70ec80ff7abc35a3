//! Members that serde leaves out of a payload while they are empty.

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{DeclaredModels, Models, SharedRecords};
use sync_log_sqlite::{ReadLimits, Uuid};
use tempfile::{TempDir, tempdir};

use super::device::{LAPTOP, LIBRARY, PHONE, database};
use crate::records::gallery::entity;

entity!(
    note, "note",
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<i32>,
    #[serde(default, skip_serializing_if = "super::is_zero")]
    stars: i32
);

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(stars: &i32) -> bool {
    *stars == 0
}

const NOTE: Uuid = Uuid::from_u128(1);

fn whole() -> DeclaredModels {
    Models::new().entity::<note::Entity>("note")
}

fn by_field() -> DeclaredModels {
    whole().version(1).per_field(1)
}

struct Notes {
    db: DatabaseConnection,
    records: SharedRecords,
    id: Uuid,
    _folder: TempDir,
}

impl Notes {
    async fn of(id: Uuid, models: DeclaredModels) -> Self {
        let folder = tempdir().unwrap();
        let path = database(folder.path());
        let raw = rusqlite::Connection::open(&path).unwrap();
        let table = "CREATE TABLE note (id BLOB PRIMARY KEY, title TEXT NOT NULL, due INTEGER, \
                     stars INTEGER NOT NULL)";
        raw.execute_batch(table).unwrap();
        let db = app::connect(&path).await.unwrap();
        let records = SharedRecords::open(&db, models, LIBRARY, id, folder.path());
        let records = records.await.unwrap();
        let peer = if id == PHONE { LAPTOP } else { PHONE };
        records.log().register_peer(peer).await.unwrap();
        Self {
            db,
            records,
            id,
            _folder: folder,
        }
    }

    async fn pull(&self, from: &Self) {
        let cursor = self.records.cursor(from.id).await.unwrap();
        let log = from.records.log();
        let page = log.read_for(self.id, cursor, ReadLimits::default()).await;
        let _applied = self.records.apply(from.id, &page.unwrap()).await.unwrap();
    }

    async fn note(&self) -> note::Model {
        note::Entity::find_by_id(NOTE)
            .one(&self.db)
            .await
            .unwrap()
            .unwrap()
    }

    /// Changes the note, and returns how many entries that made.
    async fn update(&self, note: note::ActiveModel) -> usize {
        let before = self.pending().await;
        self.records.update(note).await.unwrap();
        self.pending().await - before
    }

    async fn pending(&self) -> usize {
        let pending = self.records.log().get_since(None, 100).await;
        pending.unwrap().len()
    }
}

fn full() -> note::ActiveModel {
    note::ActiveModel {
        id: Set(NOTE),
        title: Set("rent".to_owned()),
        due: Set(Some(5)),
        stars: Set(3),
    }
}

/// Only what is set changes.
fn only_id() -> note::ActiveModel {
    let mut note = <note::ActiveModel as ActiveModelTrait>::default();
    note.id = Set(NOTE);
    note
}

#[tokio::test]
async fn a_member_that_is_emptied_is_a_change() {
    for models in [whole, by_field] {
        let phone = Notes::of(PHONE, models()).await;
        let laptop = Notes::of(LAPTOP, models()).await;
        phone.records.insert(full()).await.unwrap();
        laptop.pull(&phone).await;
        let not_due = note::ActiveModel {
            due: Set(None),
            ..only_id()
        };
        assert_eq!(phone.update(not_due).await, 1);
        let without_stars = note::ActiveModel {
            stars: Set(0),
            title: Set("paid".to_owned()),
            ..only_id()
        };
        assert_eq!(phone.update(without_stars).await, 1);
        laptop.pull(&phone).await;
        let note = phone.note().await;
        assert_eq!((note.due, note.stars), (None, 0));
        assert_eq!(laptop.note().await, note);
        assert_eq!(phone.records.audit(10).await.unwrap(), []);
        assert_eq!(laptop.records.audit(10).await.unwrap(), []);
    }
}

/// The record is not shown on the phone, and has a value for the member that the phone's row leaves out.
#[tokio::test]
async fn a_member_that_an_inserted_row_leaves_out_is_empty_everywhere() {
    let phone = Notes::of(PHONE, by_field()).await;
    let laptop = Notes::of(LAPTOP, by_field()).await;
    phone.records.insert(full()).await.unwrap();
    laptop.pull(&phone).await;
    // The app lost its row, and makes it again.
    note::Entity::delete_by_id(NOTE)
        .exec(&phone.db)
        .await
        .unwrap();
    let row = note::ActiveModel {
        due: Set(None),
        ..full()
    };
    phone.records.insert(row).await.unwrap();
    laptop.pull(&phone).await;
    assert_eq!(laptop.note().await, phone.note().await);
    assert_eq!(laptop.note().await.due, None);
    assert_eq!(phone.records.audit(10).await.unwrap(), []);
}
