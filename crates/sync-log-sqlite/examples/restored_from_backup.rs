//! The file is restored from a backup: a peer that had read further gets an error, not other
//! changes under stamps that it has already.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::fs;

use sync_log_sqlite::{Change, Cursor, DeviceId, ErrorKind, LibraryId, ReadLimits, SyncDb, Uuid};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));

async fn record(log: &SyncDb, n: u32) -> Result<(), Box<dyn Error>> {
    let tag = serde_json::json!({ "n": n });
    log.record(Change::insert("tag", Uuid::from_u128(n.into()), &tag)?)
        .await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sync.db");
    let backup = folder.path().join("backup.db");
    let log = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    log.register_peer(LAPTOP).await?;
    record(&log, 1).await?;

    // Until it is closed, a part of the log is beside the file.
    log.close().await?;
    fs::copy(&file, &backup)?;

    // The phone records another change, and the laptop reads both.
    let reopened = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    record(&reopened, 2).await?;
    let page = reopened
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await?;
    reopened.close().await?;

    // Then the disk fails, and the backup replaces the file.
    fs::copy(&backup, &file)?;
    let restored = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    for n in [3, 4] {
        let asked = restored
            .read_for(LAPTOP, page.next, ReadLimits::default())
            .await;
        let refusal = asked.err().ok_or("the log did not notice")?;
        assert_eq!(refusal.kind(), ErrorKind::NewIdentity);
        println!("{refusal}; help: {}", refusal.help());

        // With this change the head is above the cursor. The history is still another one.
        record(&restored, n).await?;
    }
    restored.close().await?;
    Ok(())
}
