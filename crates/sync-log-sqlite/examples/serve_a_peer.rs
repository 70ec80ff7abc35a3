//! Two devices, each with a log in a folder. The laptop pulls from the phone until the phone's log
//! is empty again.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use sync_log_sqlite::receive::arrival;
use sync_log_sqlite::{
    Ack, Change, Cursor, DeviceId, Hlc, JsonTextError, LibraryId, ReadLimits, SyncDb, Uuid,
};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

/// The laptop's own database. An app commits both fields in one transaction.
struct Database {
    /// Each tag, with the stamp of the change that won.
    tags: BTreeMap<Uuid, (Hlc, String)>,
    /// How far the laptop has applied the phone's log.
    watermark: Cursor,
}

/// The laptop pulls. Between the two devices only pages and acks travel.
async fn pull(
    phone: &SyncDb,
    laptop: &SyncDb,
    database: &mut Database,
) -> Result<(), Box<dyn Error>> {
    let limits = ReadLimits::entries(2);
    loop {
        let page = phone.read_for(LAPTOP, database.watermark, limits).await?;

        // The page is what the phone sent, and continues what the laptop has.
        let arrived = arrival(PHONE, database.watermark, &page)?;

        // Every change that the laptop makes from now on is above what it has received.
        let stamps: Vec<Hlc> = arrived.entries.iter().map(|entry| entry.hlc).collect();
        laptop.observe_all(&stamps).await?;

        // The highest stamp wins. The tags and the watermark are committed together.
        for entry in arrived.entries {
            let known = database.tags.get(&entry.record_uuid);
            if known.is_none_or(|(stamp, _)| *stamp < entry.hlc) {
                let tag = (entry.hlc, entry.data.to_string());
                database.tags.insert(entry.record_uuid, tag);
            }
        }
        database.watermark = arrived.watermark;

        // The laptop acknowledges only what its database has committed.
        phone
            .acknowledge(Ack::new(LAPTOP, database.watermark))
            .await?;
        if !page.more {
            return Ok(());
        }
    }
}

fn new_tag(number: u128) -> Result<Change, JsonTextError> {
    let tag = serde_json::json!({ "name": format!("Tag {number}") });
    Change::insert("tag", Uuid::from_u128(number), &tag)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // An app has one folder for each library.
    let temporary = tempfile::tempdir()?;
    let phone = SyncDb::open(LIBRARY, PHONE, &temporary.path().join("phone")).await?;
    let laptop = SyncDb::open(LIBRARY, LAPTOP, &temporary.path().join("laptop")).await?;

    // From now on no entry of the phone is pruned before the laptop has acknowledged it.
    phone.register_peer(LAPTOP).await?;

    // The phone's app has committed five tags to its own database. Now it records them.
    let changes: Vec<Change> = (1..=5).map(new_tag).collect::<Result<_, _>>()?;
    phone.record_many(changes).await?;

    let mut database = Database {
        tags: BTreeMap::new(),
        watermark: Cursor::ZERO,
    };
    pull(&phone, &laptop, &mut database).await?;
    println!("the laptop has {} tags", database.tags.len());
    println!("the phone pruned {}", phone.prune_acked().await?);

    // Whatever the two wall clocks read, the laptop's next stamp is above the phone's changes.
    assert!(laptop.tick().await? > phone.head().await?);
    phone.close().await?;
    laptop.close().await?;
    Ok(())
}
