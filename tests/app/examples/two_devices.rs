//! A phone and a laptop share tags: what the app changes on one of them, the other one shows.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

use std::error::Error;
use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{Models, SharedRecords};
use sync_log_sqlite::{Ack, ReadLimits, Uuid};

/// The app's entity. Its table is the app's own, and other code reads and shows it as before.
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
const PHONE: Uuid = Uuid::from_u128(2);
const LAPTOP: Uuid = Uuid::from_u128(3);

const TABLES: &str =
    "CREATE TABLE IF NOT EXISTS tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE)";

/// Opens the app's database, and shares its tags.
async fn open(
    device: Uuid,
    folder: &Path,
) -> Result<(DatabaseConnection, SharedRecords), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("app.db");
    let db = Database::connect(format!("sqlite:{}?mode=rwc", path.display())).await?;
    db.execute_unprepared(TABLES).await?;

    let models = Models::new().entity::<tag::Entity>("tag");
    let records = SharedRecords::open(&db, models, LIBRARY, device, folder).await?;
    Ok((db, records))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let (_, phone) = open(PHONE, &temporary.path().join("phone")).await?;
    let (laptop_db, laptop) = open(LAPTOP, &temporary.path().join("laptop")).await?;

    // From now on the phone keeps each change until the laptop has it.
    phone.log().register_peer(LAPTOP).await?;

    // The app adds a tag. The row and the entry for the laptop are committed together.
    let beach = tag::ActiveModel {
        id: Set(Uuid::new_v4()),
        name: Set("beach".to_owned()),
    };
    phone.insert(beach).await?;

    // The laptop asks for what it lacks, and applies it. Only the cursor, the page and the ack travel.
    let cursor = laptop.cursor(PHONE).await?;
    let page = phone
        .log()
        .read_for(LAPTOP, cursor, ReadLimits::default())
        .await?;
    let applied = laptop.apply(PHONE, &page).await?;
    phone
        .log()
        .acknowledge(Ack::new(LAPTOP, applied.watermark))
        .await?;

    // Every peer has the change, so it leaves the log.
    println!("the phone pruned {}", phone.log().prune_acked().await?);
    for tag in tag::Entity::find().all(&laptop_db).await? {
        println!("the laptop shows {}", tag.name);
    }
    Ok(())
}
