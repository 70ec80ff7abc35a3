//! The whole serving side of a transport: who asks is what the connection proved, and each
//! refusal has a kind that says what to do.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use sync_log_sqlite::{
    Change, ChangeType, Cursor, ErrorKind, LogError, Page, ReadLimits, SyncDb, UnknownPeers, Uuid,
};

/// What a peer sends. No message says who it is from.
enum Request {
    Pull(Cursor),
    Ack(Cursor),
}

/// Answers `peer`, whom the transport authenticated.
async fn serve(log: &SyncDb, peer: Uuid, request: Request) -> Result<Option<Page>, LogError> {
    match request {
        Request::Pull(after) => Ok(Some(
            log.read_for(peer, after, ReadLimits::entries(2)).await?,
        )),
        Request::Ack(place) => {
            log.record_ack_at(peer, place).await?;
            log.prune_acked().await?;
            Ok(None)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (library, phone, laptop) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    // An app that knows its devices takes acks from no others.
    let options = SyncDb::options().unknown_peers(UnknownPeers::Refuse);
    let log = options.open_in_memory(library, phone).await?;
    log.register_peer(laptop).await?;
    let change = |n: u32| Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(n.into()),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "n": n }).into(),
    };
    log.record_many((1..=5).map(change).collect()).await?;

    // The laptop's side: page after page, an ack after each one that is durably applied.
    let (mut place, mut got, mut more) = (Cursor::ZERO, 0, true);
    while more {
        let page = serve(&log, laptop, Request::Pull(place))
            .await?
            .ok_or("a pull gets a page")?;
        (place, got, more) = (page.next, got + page.entries.len(), page.more);
        serve(&log, laptop, Request::Ack(place)).await?;
    }
    println!(
        "the laptop got {got} entries, {} are left",
        log.explain().await?.pending
    );

    let stranger = serve(&log, Uuid::from_u128(9), Request::Pull(Cursor::ZERO)).await;
    assert_eq!(
        stranger.map_err(|error| error.kind()),
        Err(ErrorKind::Admit)
    );
    Ok(())
}
