//! A tablet joins a phone whose log was pruned: it takes a snapshot, and reads on from there.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

use std::error::Error;
use std::path::Path;

use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{Models, SharedRecords};
use sync_log_sqlite::{Ack, DeviceId, ReadLimits, Uuid};

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
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const TABLET: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

const TABLES: &str =
    "CREATE TABLE IF NOT EXISTS tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE)";

async fn open(
    device: DeviceId,
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

fn new_tag(name: &str) -> tag::ActiveModel {
    tag::ActiveModel {
        id: Set(Uuid::new_v4()),
        name: Set(name.to_owned()),
    }
}

/// Takes a snapshot of the phone. The three kinds of values that travel are serde types.
async fn take_snapshot(
    tablet: &SharedRecords,
    phone: &SharedRecords,
) -> Result<(), Box<dyn Error>> {
    let snapshot = phone.snapshot().await?;
    let mut taking = tablet.take_snapshot(PHONE, snapshot).await?;
    while !taking.has_all() {
        let page = phone.snapshot_page(taking.after()).await?;
        taking.merge(&page).await?;
    }
    // Only now does the tablet say that it has what the phone has: to the phone, and to all others.
    let cursors = taking.finish().await?;
    let ack = Ack::new(TABLET, cursors[&PHONE]);
    phone.log().acknowledge(ack).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let (_, phone) = open(PHONE, &temporary.path().join("phone")).await?;

    // So far the phone was the only device, and its log kept nothing.
    phone.log().declare_solo().await?;
    phone.insert(new_tag("beach")).await?;
    phone.log().prune_acked().await?;

    // From here on the phone keeps each change until the tablet has it.
    phone.log().register_peer(TABLET).await?;
    let (tablet_db, tablet) = open(TABLET, &temporary.path().join("tablet")).await?;
    let cursor = tablet.cursor(PHONE).await?;
    let refusal = phone
        .log()
        .read_for(TABLET, cursor, ReadLimits::default())
        .await;
    if let Err(error) = refusal {
        println!("{error}: {}", error.help());
    }
    take_snapshot(&tablet, &phone).await?;

    // It reads on as every other device does.
    phone.insert(new_tag("city")).await?;
    let page = phone
        .log()
        .read_for(TABLET, tablet.cursor(PHONE).await?, ReadLimits::default())
        .await?;
    println!("the page has {} change", page.entries.len());
    let applied = tablet.apply(PHONE, &page).await?;
    let ack = Ack::new(TABLET, applied.watermark);
    phone.log().acknowledge(ack).await?;
    for tag in tag::Entity::find().all(&tablet_db).await? {
        println!("the tablet shows {}", tag.name);
    }
    Ok(())
}
