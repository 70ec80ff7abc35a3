//! A device, as in the example `two_devices`.

use std::error::Error;
use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryOrder};
use sync_log_sqlite::records::{Models, SharedRecords, SyncError};
use sync_log_sqlite::{DeviceId, Uuid};

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

const LIBRARY: Uuid = Uuid::from_u128(1);

const TABLES: &str =
    "CREATE TABLE IF NOT EXISTS tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE)";

#[derive(Clone)]
pub struct Device {
    pub id: DeviceId,
    pub records: SharedRecords,
    db: DatabaseConnection,
}

impl Device {
    pub async fn open(id: Uuid, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = folder.join(id.to_string());
        std::fs::create_dir_all(&folder)?;
        let db = app::connect(&folder.join("app.db")).await?;
        db.execute_unprepared(TABLES).await?;
        let models = Models::new().entity::<tag::Entity>("tag");
        let records = SharedRecords::open(&db, models, LIBRARY, id, &folder).await?;
        let id = id.into();
        Ok(Self { id, records, db })
    }

    pub async fn add_tag(&self, name: &str) -> Result<(), SyncError> {
        let row = tag::ActiveModel {
            id: Set(Uuid::new_v4()),
            name: Set(name.to_owned()),
        };
        self.records.insert(row).await?;
        Ok(())
    }

    /// The names of the tags that the app shows, in their order.
    pub async fn tags(&self) -> Result<Vec<String>, DbErr> {
        let tags = tag::Entity::find().order_by_asc(tag::Column::Name);
        let tags = tags.all(&self.db).await?;
        Ok(tags.into_iter().map(|tag| tag.name).collect())
    }

    pub async fn close(self) -> Result<(), SyncError> {
        self.records.close().await?;
        Ok(self.db.close().await?)
    }
}
