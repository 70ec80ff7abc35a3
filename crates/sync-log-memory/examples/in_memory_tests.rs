//! An app tests its sync without files: one store in memory stands for a file that is opened
//! again, backed up, and restored.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use sync_log_memory::MemoryStore;
use sync_log_memory::core::{
    Birth, Change, Cursor, DeviceId, ErrorKind, LibraryId, LogIdentity, LogOptions, ManualClock,
    ReadLimits, SyncLog, Uuid,
};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

/// Opens the log as the app would, with a wall clock that the test sets.
async fn open(file: &MemoryStore, now_ms: i64) -> Result<SyncLog, Box<dyn Error>> {
    let options = LogOptions::new(ManualClock::new(now_ms));
    Ok(SyncLog::open(file.reopen(), LIBRARY, PHONE, options).await?)
}

async fn record(log: &SyncLog, record: u128) -> Result<(), Box<dyn Error>> {
    let change = Change::insert("tag", Uuid::from_u128(record), "Beach")?;
    log.record(change).await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A test chooses the log id. A store on disk draws it.
    let identity = LogIdentity {
        library_id: LIBRARY,
        device_id: PHONE,
        log_id: Uuid::from_u128(9),
    };
    let now_ms = 1_700_000_000_000;
    let file = MemoryStore::new(identity, now_ms, Birth::Alone);
    let log = open(&file, now_ms).await?;
    log.register_peer(LAPTOP).await?;
    record(&log, 10).await?;
    let backup = file.copy();
    log.close().await?;

    // The app starts again, with the wall clock set back by a day: stamps still rise.
    let restarted = open(&file, now_ms - 86_400_000).await?;
    let before = restarted.head().await?;
    record(&restarted, 11).await?;
    assert!(restarted.head().await? > before);
    let page = restarted
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await?;
    assert_eq!(page.entries.len(), 2);

    // The backup is restored: the laptop, which had read further, gets an error.
    let restored = open(&backup, now_ms + 60_000).await?;
    let refusal = restored
        .read_for(LAPTOP, page.next, ReadLimits::default())
        .await;
    assert_eq!(
        refusal.as_ref().map_err(|error| error.kind()),
        Err(ErrorKind::NewIdentity)
    );
    println!("restart, clock set back, backup restored: all as promised");
    Ok(())
}
