//! `A5`, `H5`: a restart never repeats a stamp, whatever the wall clock says.

use std::path::Path;

use sync_log_sqlite::{Hlc, ManualClock, SyncDb};

use crate::common::{DEVICE, LIBRARY, PEER, change, folder};

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 3_600_000;

async fn open_at(data_dir: &Path, now_ms: i64) -> SyncDb {
    SyncDb::options()
        .wall_clock(ManualClock::new(now_ms))
        .open(LIBRARY, DEVICE, data_dir)
        .await
        .expect("the log opens")
}

#[tokio::test]
async fn an_empty_pruned_log_never_repeats_a_stamp_when_the_clock_was_set_back() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    log.declare_solo().await.unwrap();
    for record in 0..10 {
        log.record(change(record)).await.unwrap();
    }
    let head = log.head().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 10);
    log.close().await.unwrap();

    for now_ms in [NOW_MS - HOUR_MS, 0, -1, i64::MIN, i64::MAX] {
        let reopened = open_at(folder.path(), now_ms).await;
        assert_eq!(reopened.get_since(None, 10).await.unwrap(), []);
        assert_eq!(reopened.floor().await.unwrap(), head);
        assert_eq!(reopened.head().await.unwrap(), head);
        assert!(reopened.tick().await.unwrap() > head, "at {now_ms}");
        reopened.close().await.unwrap();
    }
    let last = open_at(folder.path(), NOW_MS - HOUR_MS).await;
    assert!(last.record(change(11)).await.unwrap() > head);
}

#[tokio::test]
async fn what_was_only_observed_or_only_ticked_is_not_repeated_either() {
    let folder = folder();
    let mut highest = Hlc::ZERO;
    for (round, now_ms) in (0..).zip([NOW_MS, NOW_MS - HOUR_MS, NOW_MS - 2 * HOUR_MS]) {
        let first = open_at(folder.path(), now_ms).await;
        let ticked = first.tick().await.unwrap();
        assert!(ticked > highest, "round {round}");
        first.close().await.unwrap();

        let second = open_at(folder.path(), now_ms).await;
        let next = second.tick().await.unwrap();
        assert!(next > ticked, "round {round}");
        let remote = Hlc::new(next.timestamp + 60_000, 7, PEER);
        assert_eq!(second.observe_all(&[remote]).await.unwrap(), Some(remote));
        second.close().await.unwrap();

        let third = open_at(folder.path(), now_ms).await;
        let recorded = third.record(change(round)).await.unwrap();
        assert!(recorded > remote, "round {round}");
        highest = recorded;
        third.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_restart_keeps_the_peers_their_acks_and_solo() {
    let folder = folder();
    let first = open_at(folder.path(), NOW_MS).await;
    first.register_peer(PEER).await.unwrap();
    let stamp = first.record(change(1)).await.unwrap();
    first.record_ack(PEER, stamp).await.unwrap();
    let identity = first.identity();
    let peers = first.peers().await.unwrap();
    first.close().await.unwrap();

    let second = open_at(folder.path(), NOW_MS).await;
    assert_eq!(second.identity(), identity);
    assert_eq!(second.peers().await.unwrap(), peers);
    second.retire(PEER).await.unwrap();
    second.declare_solo().await.unwrap();
    let retired = second.peers().await.unwrap();
    assert!(!retired[0].as_ref().unwrap().is_active());
    second.close().await.unwrap();

    let third = open_at(folder.path(), NOW_MS + HOUR_MS).await;
    assert_eq!(third.peers().await.unwrap(), retired);
    assert_eq!(third.prune_acked().await.unwrap(), 1, "solo was kept");
}

#[tokio::test]
async fn payloads_survive_byte_for_byte() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    let texts = [
        "null",
        " { \"a\" : 1e2 , \"a\": 1.0 }\n\t",
        r#""\u0000 \ud83d\ude00 ' \" \\""#,
        "\"\u{7f}\u{2028}\u{10ffff} 😀 ?1 $1 :a\"",
    ];
    let long = format!("\"{}\"", "ä".repeat(500_000));
    for (record, text) in texts.into_iter().chain([long.as_str()]).enumerate() {
        let mut change = change(record as u128);
        change.model_type = "a \0 \u{1f} model '; DROP TABLE shared_changes; --".to_owned();
        change.data = text.parse().unwrap();
        log.record(change).await.unwrap();
    }
    let before = log.get_since(None, 10).await.unwrap();
    log.close().await.unwrap();
    let after = open_at(folder.path(), NOW_MS)
        .await
        .get_since(None, 10)
        .await
        .unwrap();
    assert_eq!(after, before);
    for (entry, text) in after.iter().zip(texts.into_iter().chain([long.as_str()])) {
        assert_eq!(entry.data.as_str(), text);
    }
}
