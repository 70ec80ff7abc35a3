//! A tablet joins a library whose log was pruned long ago: it gets a copy of the records,
//! and the place in the log at which that copy was made.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use sync_log_sqlite::{Change, ChangeType, Cursor, ErrorKind, ReadLimits, SyncDb, Uuid};

const TABLET: Uuid = Uuid::from_u128(3);

fn change(record: u128, name: &str) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(record),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "name": name }).into(),
        model_version: 0,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // So far this device was alone: its log kept nothing.
    let phone = SyncDb::open_in_memory(Uuid::from_u128(1), Uuid::from_u128(2)).await?;
    phone.declare_solo().await?;
    let mut records = BTreeMap::from([(Uuid::from_u128(10), "Beach")]);
    phone.record(change(10, "Beach")).await?;
    phone.prune_acked().await?;

    // Registered first: from here on nothing is pruned before the tablet has it.
    phone.register_peer(TABLET).await?;

    // From the start it cannot read: what it would need is gone, and the log says so.
    let refusal = phone
        .read_for(TABLET, Cursor::ZERO, ReadLimits::default())
        .await;
    assert_eq!(
        refusal.map_err(|error| error.kind()),
        Err(ErrorKind::Bootstrap)
    );

    // The place, then the copy: a change in between is in both, never in neither.
    let place = phone.head_cursor().await?;
    records.insert(Uuid::from_u128(11), "Mountains");
    phone.record(change(11, "Mountains")).await?;
    let mut copy = records.clone();

    // The tablet has stored the copy durably, and says so.
    phone.record_ack_at(TABLET, place).await?;

    // From now on it reads like everyone else.
    records.insert(Uuid::from_u128(12), "Forest");
    phone.record(change(12, "Forest")).await?;
    let page = phone.read_for(TABLET, place, ReadLimits::default()).await?;
    copy.extend(
        page.entries
            .iter()
            .map(|entry| (entry.record_uuid, "from the log")),
    );
    phone.record_ack_at(TABLET, page.next).await?;
    assert!(copy.keys().eq(records.keys()));
    println!(
        "the tablet has all {} records, {} of them from the log",
        copy.len(),
        page.entries.len()
    );
    Ok(())
}
