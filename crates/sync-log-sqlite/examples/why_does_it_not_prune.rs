//! The log does not get shorter: who keeps what, and what to do about it.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (laptop, old_phone) = (Uuid::from_u128(3), Uuid::from_u128(4));
    let log = SyncDb::open_in_memory(Uuid::from_u128(1), Uuid::from_u128(2)).await?;
    let (model_type, record_uuid) = ("tag".to_owned(), Uuid::from_u128(5));
    let (change_type, data) = (ChangeType::Insert, serde_json::json!({}).into());
    log.record(Change {
        model_type,
        record_uuid,
        change_type,
        data,
    })
    .await?;

    // Nobody is registered: the log cannot know that nobody will come.
    assert_eq!(show(&log).await?, [Some(Remedy::Register)]);

    // Two devices, and neither has said anything yet.
    log.register_peer(laptop).await?;
    log.register_peer(old_phone).await?;
    assert_eq!(show(&log).await?, [Some(Remedy::Pull), Some(Remedy::Pull)]);

    // The laptop catches up. The old phone was sold, and somebody decides to retire it.
    let page = log
        .read_for(laptop, Cursor::ZERO, ReadLimits::default())
        .await?;
    log.record_ack_at(laptop, page.next).await?;
    assert_eq!(show(&log).await?, [Some(Remedy::Pull)]);
    log.retire(old_phone).await?;

    // Nothing needs doing: the next prune takes it.
    assert_eq!(show(&log).await?, [None]);
    assert_eq!(log.prune_acked().await?, 1);
    assert_eq!(show(&log).await?, []);
    Ok(())
}
