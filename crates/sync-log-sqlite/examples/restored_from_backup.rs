//! The file is put back from a backup: the peer that was further gets an error, not other
//! changes under stamps that it thinks it has.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::fs;

use sync_log_sqlite::{Change, ChangeType, Cursor, ErrorKind, ReadLimits, SyncDb, Uuid};

const LIBRARY: Uuid = Uuid::from_u128(1);
const PHONE: Uuid = Uuid::from_u128(2);
const LAPTOP: Uuid = Uuid::from_u128(3);

async fn record(log: &SyncDb, n: u32) -> Result<(), Box<dyn Error>> {
    let (model_type, record_uuid) = ("tag".to_owned(), Uuid::from_u128(n.into()));
    let (change_type, data) = (ChangeType::Insert, serde_json::json!({ "n": n }).into());
    log.record(Change {
        model_type,
        record_uuid,
        change_type,
        data,
        model_version: 0,
    })
    .await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (file, backup) = (
        folder.path().join("sync.db"),
        folder.path().join("backup.db"),
    );
    let log = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    log.register_peer(LAPTOP).await?;
    record(&log, 1).await?;
    log.close().await?; // until then a part of the log is beside the file
    fs::copy(&file, &backup)?;

    // The phone goes on, and the laptop reads all of it.
    let log = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    record(&log, 2).await?;
    let page = log
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await?;
    log.close().await?;

    // Then the disk fails, and the backup takes its place.
    fs::copy(&backup, &file)?;
    let log = SyncDb::open(LIBRARY, PHONE, folder.path()).await?;
    for n in [3, 4] {
        let asked = log.read_for(LAPTOP, page.next, ReadLimits::default()).await;
        let refusal = asked.err().ok_or("it was not noticed")?;
        assert_eq!(refusal.kind(), ErrorKind::NewIdentity);
        println!("{refusal}");
        record(&log, n).await?; // with the next change it is ahead, and still not the same log
    }
    log.close().await?;
    Ok(())
}
