//! The log in the app's own database, over the app's own connection: one file holds the records and
//! the changes that other devices still lack.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use app::tag;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Schema, Set};
use sync_log_sqlite::entity::shared_changes;
use sync_log_sqlite::{Ack, Change, Cursor, DeviceId, LibraryId, ReadLimits, SyncDb, Uuid};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?; // an app has one for each library
    let db = app::connect(&folder.path().join("database.db")).await?;
    let tags = Schema::new(db.get_database_backend()).create_table_from_entity(tag::Entity);
    db.execute(&tags).await?;

    // The log's tables are made beside the app's.
    let log = SyncDb::attach(&db, LIBRARY, PHONE).await?;
    log.register_peer(LAPTOP).await?;

    // The app changes a record, and records the change.
    let beach = Uuid::from_u128(4);
    let row = tag::ActiveModel {
        id: Set(beach.to_string()),
        name: Set("Beach".to_owned()),
    };
    row.insert(&db).await?;
    let change = Change::insert("tag", beach, &serde_json::json!({ "name": "Beach" }))?;
    log.record(change).await?;

    // The app's connection reads what is pending, too.
    for pending in shared_changes::Entity::find().all(&db).await? {
        println!(
            "{} {} {}",
            pending.change_type, pending.model_type, pending.data
        );
    }

    // The laptop has pulled the change and applied it.
    let page = log
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await?;
    log.acknowledge(Ack::new(LAPTOP, page.next)).await?;
    println!("{} pruned", log.prune_acked().await?);

    // The log ends first. The file is the app's.
    log.close().await?;
    Ok(db.close().await?)
}
