//! The log does not get shorter: which peer keeps entries, and what to do about it. If a folder is
//! given, the log is left in it, so that `sync-log` can be tried on it.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::path::PathBuf;

use sync_log_sqlite::{
    Ack, Change, Cursor, DeviceId, JsonTextError, LibraryId, ReadLimits, Remedy, SyncDb, Uuid,
};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(0x11));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xa0));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xb0));
const TABLET: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xc0));

/// Prints a line for each reason, worst first. Returns the remedies.
async fn show(log: &SyncDb) -> Result<Vec<Option<Remedy>>, Box<dyn Error>> {
    let why = log.explain().await?;
    println!("{} entries:", why.pending_entries);
    for reason in &why.reasons {
        let peer = reason.peer.map_or("–".to_owned(), |peer| peer.to_string());
        let remedy = reason.remedy.map_or("nothing", Remedy::as_str);
        println!(
            "  {} {peer}: {} entries, do: {remedy}",
            reason.cause.as_str(),
            reason.lag_entries
        );
    }
    Ok(why.reasons.iter().map(|reason| reason.remedy).collect())
}

fn new_tag(number: u128) -> Result<Change, JsonTextError> {
    let tag = serde_json::json!({ "name": format!("Album {number}") });
    Change::insert("tag", Uuid::from_u128(number), &tag)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let folder = given.as_deref().unwrap_or(temporary.path());
    let log = SyncDb::open(LIBRARY, PHONE, folder).await?;
    let changes: Vec<Change> = (10..15).map(new_tag).collect::<Result<_, _>>()?;
    log.record_each(changes).await?;

    // No peer is registered: the log cannot know that no peer will come.
    assert_eq!(show(&log).await?, [Some(Remedy::Register)]);

    // The laptop acknowledges three entries, the tablet none yet.
    log.register_peer(LAPTOP).await?;
    log.register_peer(TABLET).await?;
    let three = ReadLimits::entries(3);
    let page = log.read_for(LAPTOP, Cursor::ZERO, three).await?;
    log.acknowledge(Ack::new(LAPTOP, page.next)).await?;
    assert_eq!(log.prune_acked().await?, 0);
    assert_eq!(show(&log).await?, [Some(Remedy::Pull), Some(Remedy::Pull)]);
    if given.is_some() {
        return Ok(log.close().await?);
    }

    // The laptop catches up. The tablet was sold, and the operator retires it.
    let rest = ReadLimits::default();
    let page = log.read_for(LAPTOP, page.next, rest).await?;
    log.acknowledge(Ack::new(LAPTOP, page.next)).await?;
    assert_eq!(show(&log).await?, [Some(Remedy::Pull)]);
    log.retire(TABLET).await?;

    // Only a prune is left to do.
    assert_eq!(show(&log).await?, [Some(Remedy::Prune)]);
    assert_eq!(log.prune_acked().await?, 5);
    assert_eq!(show(&log).await?, []);
    Ok(log.close().await?)
}
