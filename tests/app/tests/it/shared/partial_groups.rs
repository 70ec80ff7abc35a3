//! A group waits for a record to which a part of another record must refer (`X2`).

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{Models, SharedRecords};
use sync_log_sqlite::{ReadLimits, Uuid};
use tempfile::{TempDir, tempdir};

use super::device::{LAPTOP, LIBRARY, PHONE, database};
use crate::records::gallery::entity;

const TABLET: Uuid = Uuid::from_u128(0x7ab);
const DEVICES: [Uuid; 3] = [PHONE, LAPTOP, TABLET];

const TABLES: &str = "
    CREATE TABLE folder (id BLOB PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE memo (id BLOB PRIMARY KEY, title TEXT NOT NULL,
        folder BLOB NOT NULL REFERENCES folder (id));";

entity!(folder, "folder", name: String);
entity!(memo, "memo", title: String, folder: Uuid);

struct Desk {
    id: Uuid,
    db: DatabaseConnection,
    records: SharedRecords,
    _folder: TempDir,
}

impl Desk {
    async fn of(id: Uuid) -> Self {
        let place = tempdir().unwrap();
        let path = database(place.path());
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.execute_batch(TABLES).unwrap();
        let db = app::connect(&path).await.unwrap();
        let models = Models::new().entity::<folder::Entity>("folder");
        let models = models
            .entity::<memo::Entity>("memo")
            .version(1)
            .per_field(1);
        let records = SharedRecords::open(&db, models, LIBRARY, id, place.path());
        let records = records.await.unwrap();
        for peer in DEVICES.into_iter().filter(|peer| *peer != id) {
            records.log().register_peer(peer).await.unwrap();
        }
        Self {
            id,
            db,
            records,
            _folder: place,
        }
    }

    /// Applies what another one has. Returns how many entries wait.
    async fn pull(&self, from: &Self) -> usize {
        let cursor = self.records.cursor(from.id).await.unwrap();
        let log = from.records.log();
        let page = log.read_for(self.id, cursor, ReadLimits::default()).await;
        let applied = self.records.apply(from.id, &page.unwrap()).await.unwrap();
        applied.waiting_entries
    }

    /// The folder of each memo that is shown.
    async fn memos(&self) -> Vec<Uuid> {
        let memos = memo::Entity::find().all(&self.db).await.unwrap();
        memos.into_iter().map(|memo| memo.folder).collect()
    }

    async fn folders(&self) -> usize {
        folder::Entity::find().all(&self.db).await.unwrap().len()
    }
}

fn new_folder(id: u128) -> folder::ActiveModel {
    folder::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        name: Set("folder".to_owned()),
    }
}

#[tokio::test]
async fn a_group_waits_for_a_record_to_which_one_changed_member_refers() {
    let phone = Desk::of(PHONE).await;
    let laptop = Desk::of(LAPTOP).await;
    let tablet = Desk::of(TABLET).await;
    let [first, second] = [1, 2].map(Uuid::from_u128);
    laptop.records.insert(new_folder(1)).await.unwrap();
    let memo = memo::ActiveModel {
        id: Set(Uuid::from_u128(5)),
        title: Set("memo".to_owned()),
        folder: Set(first),
    };
    laptop.records.insert(memo).await.unwrap();
    phone.pull(&laptop).await;
    tablet.records.insert(new_folder(2)).await.unwrap();
    laptop.pull(&tablet).await;

    // The phone has not heard of the second folder, and the group has another record, too.
    let mut moved = <memo::ActiveModel as ActiveModelTrait>::default();
    moved.id = Set(Uuid::from_u128(5));
    moved.folder = Set(second);
    let group = laptop.records.write(async |rows| {
        rows.update(moved).await?;
        rows.insert(new_folder(9)).await
    });
    group.await.unwrap();
    assert_eq!(phone.pull(&laptop).await, 2);
    assert_eq!(
        (phone.memos().await, phone.folders().await),
        (vec![first], 1)
    );

    phone.pull(&tablet).await;
    assert_eq!(
        (phone.memos().await, phone.folders().await),
        (vec![second], 3)
    );
}
