//! A tablet joins a library whose log was pruned long ago: it gets a copy of the records, and
//! the cursor at which that copy was made.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use sync_log_sqlite::{
    Ack, Change, Cursor, DeviceId, ErrorKind, JsonTextError, LibraryId, ReadLimits, SyncDb, Uuid,
};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const TABLET: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

fn new_tag(record: u128, name: &str) -> Result<Change, JsonTextError> {
    let tag = serde_json::json!({ "name": name });
    Change::insert("tag", Uuid::from_u128(record), &tag)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // So far the phone was the only device: its log kept nothing.
    let phone = SyncDb::open_in_memory(LIBRARY, PHONE).await?;
    phone.declare_solo().await?;
    let mut records = BTreeMap::from([(Uuid::from_u128(10), "Beach")]);
    phone.record(new_tag(10, "Beach")?).await?;
    phone.prune_acked().await?;

    // The tablet is registered first: from here on no entry is pruned before the tablet has it.
    phone.register_peer(TABLET).await?;

    // The tablet cannot read from the start: the entries were pruned, and the log reports it.
    let limits = ReadLimits::default();
    let refusal = phone.read_for(TABLET, Cursor::ZERO, limits).await;
    assert_eq!(
        refusal.map_err(|error| error.kind()),
        Err(ErrorKind::Bootstrap)
    );

    // First the cursor, then the copy: the copy may have more changes than the cursor, never fewer.
    let cursor = phone.head_cursor().await?;
    records.insert(Uuid::from_u128(11), "Mountains");
    phone.record(new_tag(11, "Mountains")?).await?;
    let mut copy = records.clone();

    // The tablet has stored the copy durably, and acknowledges its cursor.
    phone.acknowledge(Ack::new(TABLET, cursor)).await?;

    // From now on the tablet reads like every other peer.
    records.insert(Uuid::from_u128(12), "Forest");
    phone.record(new_tag(12, "Forest")?).await?;
    let page = phone.read_for(TABLET, cursor, limits).await?;
    copy.extend(
        page.entries
            .iter()
            .map(|entry| (entry.record_uuid, "from the log")),
    );
    phone.acknowledge(Ack::new(TABLET, page.next)).await?;
    assert!(copy.keys().eq(records.keys()));
    println!(
        "the tablet has all {} records, {} of them from the log",
        copy.len(),
        page.entries.len()
    );
    Ok(())
}
