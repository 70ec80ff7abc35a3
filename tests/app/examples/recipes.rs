//! Three things that merge without a conflict: a set, a counter, and rows that every device starts with.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

use std::error::Error;
use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{Models, SharedRecords, SyncError, record_id};
use sync_log_sqlite::{Ack, ReadLimits, Uuid};

mod tag {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "tag")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// That a photo has a tag.
mod photo_tag {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "photo_tag")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub photo: Uuid,
        pub tag: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How often a photo was viewed on one device.
mod views {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "views")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub photo: Uuid,
        pub count: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS photo_tag (id BLOB PRIMARY KEY, photo BLOB NOT NULL,
        tag BLOB NOT NULL REFERENCES tag (id) ON DELETE CASCADE, UNIQUE (photo, tag));
    CREATE TABLE IF NOT EXISTS views (id BLOB PRIMARY KEY, photo BLOB NOT NULL,
        count INTEGER NOT NULL);";

const LIBRARY: Uuid = Uuid::from_u128(1);
const PHOTO: Uuid = Uuid::from_u128(0xf0);

struct App {
    device: Uuid,
    db: DatabaseConnection,
    records: SharedRecords,
}

impl App {
    async fn open(device: Uuid, folder: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let db = app::connect(&folder.join("app.db")).await?;
        db.execute_unprepared(TABLES).await?;
        let models = Models::new()
            .entity::<tag::Entity>("tag")
            .entity::<photo_tag::Entity>("photo_tag")
            .follows("tag")
            .entity::<views::Entity>("views");
        let records = SharedRecords::open(&db, models, LIBRARY, device, folder).await?;
        let app = Self {
            device,
            db,
            records,
        };
        app.add_tag("Favourites").await?;
        Ok(app)
    }

    /// A row that every device starts with, or that has a natural key: its id is derived from the key. So
    /// two devices that add it make one record, not two that have the same name.
    async fn add_tag(&self, name: &str) -> Result<Uuid, SyncError> {
        let id = record_id(LIBRARY, "tag", name);
        if tag::Entity::find_by_id(id).one(&self.db).await?.is_none() {
            let row = tag::ActiveModel {
                id: Set(id),
                name: Set(name.to_owned()),
            };
            self.records.insert(row).await?;
        }
        Ok(id)
    }

    /// A set is one record for each member. Devices that add different members keep both.
    async fn tag_photo(&self, tag: Uuid) -> Result<(), SyncError> {
        let key = [PHOTO.into_bytes(), tag.into_bytes()].concat();
        let row = photo_tag::ActiveModel {
            id: Set(record_id(LIBRARY, "photo_tag", key)),
            photo: Set(PHOTO),
            tag: Set(tag),
        };
        self.records.insert(row).await?;
        Ok(())
    }

    /// A counter is one record for each device, which no other device changes. The count is their sum.
    async fn view(&self) -> Result<(), SyncError> {
        let key = [PHOTO.into_bytes(), self.device.into_bytes()].concat();
        let id = record_id(LIBRARY, "views", key);
        let seen = views::Entity::find_by_id(id).one(&self.db).await?;
        let row = views::ActiveModel {
            id: Set(id),
            photo: Set(PHOTO),
            count: Set(seen.as_ref().map_or(0, |seen| seen.count) + 1),
        };
        match seen {
            Some(_) => self.records.update(row).await?,
            None => self.records.insert(row).await?,
        };
        Ok(())
    }

    async fn pull(&self, from: &Self) -> Result<(), Box<dyn Error>> {
        let cursor = self.records.cursor(from.device).await?;
        let log = from.records.log();
        let page = log.read_for(self.device, cursor, ReadLimits::default());
        let applied = self.records.apply(from.device, &page.await?).await?;
        log.acknowledge(Ack::new(self.device, applied.watermark))
            .await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let phone = App::open(Uuid::from_u128(2), &temporary.path().join("phone")).await?;
    let laptop = App::open(Uuid::from_u128(3), &temporary.path().join("laptop")).await?;
    phone.records.log().register_peer(laptop.device).await?;
    laptop.records.log().register_peer(phone.device).await?;

    let beach = phone.add_tag("beach").await?;
    phone.tag_photo(beach).await?;
    // The app may save a form that nobody has changed: a row that stays as it was makes no entry.
    let head = phone.records.log().head().await?;
    let unchanged = tag::ActiveModel {
        id: Set(beach),
        name: Set("beach".to_owned()),
    };
    phone.records.update(unchanged).await?;
    assert_eq!(phone.records.log().head().await?, head);
    let city = laptop.add_tag("city").await?;
    laptop.tag_photo(city).await?;
    phone.view().await?;
    phone.view().await?;
    laptop.view().await?;

    phone.pull(&laptop).await?;
    laptop.pull(&phone).await?;
    for device in [&phone, &laptop] {
        let tags = tag::Entity::find().all(&device.db).await?;
        let links = photo_tag::Entity::find().all(&device.db).await?;
        let views = views::Entity::find().all(&device.db).await?;
        let views: i64 = views.iter().map(|views| views.count).sum();
        println!(
            "{} tags, {} of the photo, which was viewed {views} times",
            tags.len(),
            links.len()
        );
    }
    Ok(())
}
