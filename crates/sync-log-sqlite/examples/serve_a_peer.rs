//! Two devices, each with a log in a folder: the laptop pulls, and the phone's is empty again.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::{collections::BTreeMap, error::Error};

use sync_log_sqlite::{Change, ChangeType, Cursor, Hlc, LogError, ReadLimits, SyncDb, Uuid};

const PHONE: Uuid = Uuid::from_u128(2);
const LAPTOP: Uuid = Uuid::from_u128(3);

/// What an app has in its database: each tag, and the stamp of the change that won. Beside it,
/// in the same transaction, it keeps how far the other device's log was read.
type Tags = BTreeMap<Uuid, (Hlc, String)>;

/// The laptop pulls. Of `phone` it sees what a connection carries: pages, and acks.
async fn pull(phone: &SyncDb, log: &SyncDb, kept: &mut (Tags, Cursor)) -> Result<(), LogError> {
    let ((tags, place), few) = (kept, ReadLimits::entries(2));
    loop {
        let page = phone.read_for(LAPTOP, *place, few).await?;
        // First of all: what the laptop changes from now on is above what it has seen.
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        log.observe_all(&stamps).await?;
        for entry in page.entries {
            let new = (entry.hlc, entry.data.to_string());
            let tag = tags.entry(entry.record_uuid).or_insert(new.clone());
            *tag = new.max(tag.clone()); // the highest stamp wins
        }
        *place = page.next; // committed together with the tags
        phone.record_ack_at(LAPTOP, page.next).await?; // so now it may be said
        if !page.more {
            return Ok(());
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (library, temporary) = (Uuid::from_u128(1), tempfile::tempdir()?);
    let folder = |name| temporary.path().join(name); // an app has one for each library
    let phone = SyncDb::open(library, PHONE, &folder("phone")).await?;
    let laptop = SyncDb::open(library, LAPTOP, &folder("laptop")).await?;
    phone.register_peer(LAPTOP).await?; // nothing is pruned here before the laptop has it

    let change = |n: u128| Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(n),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "name": format!("Tag {n}") }).into(),
        model_version: 0,
    };
    phone.record_many((1..=5).map(change).collect()).await?;

    let mut kept = (Tags::new(), Cursor::ZERO);
    pull(&phone, &laptop, &mut kept).await?;
    println!("the laptop has {} tags", kept.0.len());
    println!("the phone pruned {}", phone.prune_acked().await?);
    assert!(laptop.tick().await? > phone.head().await?); // whatever the two wall clocks say
    phone.close().await?;
    Ok(laptop.close().await?)
}
