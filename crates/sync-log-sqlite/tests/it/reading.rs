//! Pages: the same entries whether SQLite packs them or they are read row by
//! row, and never more than was asked for.

use sync_log_sqlite::{Cursor, Hlc, ReadLimits, SyncDb};
use sync_log_sqlite::{MAX_DATA_BYTES, MAX_PAGE_BYTES};

use crate::common::{PEER, change, change_with, fresh};

async fn stamps(log: &SyncDb, after: Option<Hlc>, limit: usize) -> Vec<Hlc> {
    let entries = log.get_since(after, limit).await.unwrap();
    entries.into_iter().map(|entry| entry.hlc).collect()
}

#[tokio::test]
async fn any_limit_around_the_size_of_a_page_reads_exactly_as_many() {
    let (_folder, log) = fresh().await;
    let all = log
        .record_each((0..2500).map(change).collect())
        .await
        .unwrap();
    for limit in [1, 2, 999, 1000, 1001, 2499, 2500, 2501, usize::MAX] {
        let most = limit.min(all.len());
        assert_eq!(stamps(&log, None, limit).await, all[..most], "{limit}");
        let after = Some(all[1000]);
        let most_after = limit.min(all.len() - 1001);
        assert_eq!(stamps(&log, after, limit).await, all[1001..][..most_after]);
    }
    assert_eq!(stamps(&log, all.last().copied(), 10).await, []);
}

#[tokio::test]
async fn large_and_small_entries_share_pages_that_stay_within_their_bytes() {
    let (_folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let sizes = [
        10,
        MAX_DATA_BYTES - 2,
        5_000,
        MAX_DATA_BYTES - 2,
        1,
        300_000,
    ];
    let changes = (0..40).map(|position: usize| {
        let data = serde_json::json!("x".repeat(sizes[position % sizes.len()]));
        change_with(position as u128, data)
    });
    let mut recorded = Vec::new();
    for change in changes {
        let data = change.data.clone();
        recorded.push((log.record(change).await.unwrap(), data));
    }
    for max_bytes in [1, 10_000, MAX_DATA_BYTES, MAX_PAGE_BYTES] {
        let limits = ReadLimits {
            max_entries: 1000,
            max_bytes,
        };
        let (mut cursor, mut read) = (Cursor::ZERO, Vec::new());
        loop {
            let page = log.read_for(PEER, cursor, limits).await.unwrap();
            let bytes: usize = page.entries.iter().map(|entry| entry.content_bytes()).sum();
            assert!(bytes <= max_bytes || page.entries.len() == 1, "{bytes}");
            assert!(!page.entries.is_empty());
            read.extend(
                page.entries
                    .into_iter()
                    .map(|entry| (entry.hlc, entry.data)),
            );
            cursor = page.next;
            if !page.more {
                break;
            }
        }
        assert!(read == recorded, "pages of at most {max_bytes} bytes");
    }
}

#[tokio::test]
async fn more_readers_than_connections_are_all_served() {
    let (_folder, log) = fresh().await;
    log.record_many((0..50).map(change).collect())
        .await
        .unwrap();
    let reads: Vec<_> = (0..100)
        .map(|limit| {
            let log = log.clone();
            tokio::spawn(async move { log.get_since(None, limit + 1).await })
        })
        .collect();
    for (limit, read) in reads.into_iter().enumerate() {
        assert_eq!(read.await.unwrap().unwrap().len(), (limit + 1).min(50));
    }
}

#[tokio::test]
async fn what_explain_sums_up_is_what_each_peer_lacks() {
    let (_folder, log) = fresh().await;
    let peer = |n: u128| sync_log_sqlite::Uuid::from_u128(0x100 + n);
    for n in 0..20 {
        log.register_peer(peer(n)).await.unwrap();
    }
    let mut stamps = Vec::new();
    for record in 0..200 {
        stamps.push(log.record(change(record)).await.unwrap());
    }
    let entries = log.get_since(None, 1000).await.unwrap();
    for n in 1..20 {
        let acked = stamps[usize::try_from(n).unwrap() * 10];
        log.record_ack(peer(n), acked).await.unwrap();
    }
    let explained = log.explain().await.unwrap();
    assert_eq!(explained.pending_entries, 200);
    for reason in &explained.reasons {
        let n = reason.peer.unwrap().as_uuid().as_u128() - 0x100;
        let has = match n {
            0 => 0,
            n => usize::try_from(n).unwrap() * 10 + 1,
        };
        let lacks = &entries[has..];
        let bytes: usize = lacks.iter().map(|entry| entry.content_bytes()).sum();
        assert_eq!(reason.lag_entries, lacks.len() as u64, "{reason:?}");
        assert_eq!(reason.lag_bytes, bytes as u64, "{reason:?}");
    }
    assert_eq!(explained.reasons.len(), 20);
}
