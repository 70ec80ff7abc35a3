//! The log does not get shorter: who keeps what, and what to do about it. In a folder that is
//! given, it is left like that, to be asked by `sync-log`.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::path::PathBuf;

use sync_log_sqlite::{Change, ChangeType, Cursor, ReadLimits, Remedy, SyncDb, Uuid};

/// A line for each reason, worst first; the remedies.
async fn show(log: &SyncDb) -> Result<Vec<Option<Remedy>>, Box<dyn Error>> {
    let why = log.explain().await?;
    println!("{} entries:", why.pending);
    for held in &why.held {
        let peer = held.peer.map_or("–".to_owned(), |peer| peer.to_string());
        println!(
            "  {:?} {peer}: {} entries, do: {:?}",
            held.cause, held.lag_entries, held.remedy
        );
    }
    Ok(why.held.iter().map(|held| held.remedy).collect())
}

fn change(n: u128) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(n),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "name": format!("Album {n}") }).into(),
        model_version: 0,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let folder = given.as_deref().unwrap_or(temporary.path());
    let [library, phone, laptop, tablet] = [0x11, 0xa0, 0xb0, 0xc0].map(Uuid::from_u128);
    let log = SyncDb::open(library, phone, folder).await?;
    log.record_each((10..15).map(change).collect()).await?;

    // Nobody is registered: the log cannot know that nobody will come.
    assert_eq!(show(&log).await?, [Some(Remedy::Register)]);

    // Two devices. The laptop takes some, the tablet has said nothing yet.
    log.register_peer(laptop).await?;
    log.register_peer(tablet).await?;
    let some = ReadLimits::entries(3);
    let page = log.read_for(laptop, Cursor::ZERO, some).await?;
    log.record_ack_at(laptop, page.next).await?;
    assert_eq!(log.prune_acked().await?, 0);
    assert_eq!(show(&log).await?, [Some(Remedy::Pull), Some(Remedy::Pull)]);
    if given.is_some() {
        return Ok(log.close().await?);
    }

    // The laptop catches up. The tablet was sold, and somebody decides to retire it.
    let rest = ReadLimits::default();
    let page = log.read_for(laptop, page.next, rest).await?;
    log.record_ack_at(laptop, page.next).await?;
    assert_eq!(show(&log).await?, [Some(Remedy::Pull)]);
    log.retire(tablet).await?;

    // Nothing needs doing: the next prune takes it.
    assert_eq!(show(&log).await?, [None]);
    assert_eq!(log.prune_acked().await?, 5);
    assert_eq!(show(&log).await?, []);
    Ok(log.close().await?)
}
