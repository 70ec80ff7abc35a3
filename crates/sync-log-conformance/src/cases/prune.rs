//! Entries are pruned once every active peer has them, and the floor moves with
//! them (`P1`, `P3`).

use sync_log_core::{AckOutcome, Hlc, PRUNE_CHUNK_ENTRIES};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{change, peer};

/// The slowest peer decides, wherever it is in the list.
pub async fn nothing_goes_that_one_active_peer_lacks<H: Harness>() {
    for slowest in 0..3 {
        let rig = Rig::<H>::new().await;
        let log = rig.open().await;
        let peers = log.register_peers(3).await;
        let stamps = log.record_one_by_one(4).await;
        for (index, peer) in peers.iter().enumerate() {
            let acked = if index == slowest { 1 } else { 3 };
            log.record_ack(*peer, stamps[acked]).await.unwrap();
        }
        assert_eq!(log.prune_acked().await.unwrap(), 2, "P1");
        assert_eq!(rig.storage.retained().await, stamps[2..], "P1");
    }
}

/// Step by step, as the peers come along; pruning again finds nothing.
pub async fn pruning_follows_the_slowest_peer<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(5).await;
    let steps = [(1, 4, 0), (2, 0, 1), (2, 2, 2), (2, 4, 2)];
    let mut gone = 0;
    for (number, acked, expected) in steps {
        let done = log.on_ack(peer(number), stamps[acked]).await.unwrap();
        assert_eq!(done.ack, AckOutcome::Advanced, "K2");
        assert_eq!(done.pruned, expected, "P1: after entry {acked}");
        gone += expected;
        assert_eq!(rig.storage.retained().await, stamps[gone..], "P1");
        assert_eq!(log.prune_acked().await.unwrap(), 0, "P1: and no more");
    }
}

/// Where nothing is to be deleted, nothing changes.
pub async fn a_prune_with_nothing_to_delete_changes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.changes_nothing("P1", 0, log.prune_acked()).await;
    log.register_peer(peer(1)).await.unwrap();
    log.changes_nothing("P1", 0, log.prune_acked()).await;
    log.record(change(0)).await.unwrap();
    log.changes_nothing("P1", 0, log.prune_acked()).await;
}

/// The floor is the last pruned entry, with its tag, and stays so.
pub async fn the_floor_moves_with_the_delete<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    assert_eq!(log.floor().await.unwrap(), Hlc::ZERO, "P3: never moved");
    let mut log = log;
    for index in [1, 2, 3] {
        let cursor = log.cursor_at(stamps[index]).await;
        log.on_ack(peer(1), stamps[index]).await.unwrap();
        assert_eq!(log.floor().await.unwrap(), stamps[index], "P3");
        assert_eq!(log.floor_cursor().await.unwrap(), cursor, "P3: its tag");
        let state = log.snapshot().await.state;
        assert_eq!(state.head.hlc, stamps[3], "A5: the head stays");
        log = rig.reopen(log).await;
        assert_eq!(log.floor_cursor().await.unwrap(), cursor, "P3: stored");
        let page = log.page(peer(1), cursor).await;
        assert_eq!(page.entries.len(), 3 - index, "P3: valid to read from");
    }
}

/// One call prunes more than one chunk; the floor is that of the last chunk.
pub async fn more_entries_than_one_chunk_go_in_one_call<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_bulk(2 * PRUNE_CHUNK_ENTRIES + 7).await;
    let last = stamps.len() - 3;
    let cursor = log.cursor_at(stamps[last]).await;
    let done = log.on_ack(peer(1), stamps[last]).await.unwrap();
    assert_eq!(done.pruned, last + 1, "P1: all chunks");
    assert_eq!(rig.storage.retained().await, stamps[last + 1..], "P1");
    assert_eq!(log.floor_cursor().await.unwrap(), cursor, "P3");
}

/// Exactly one chunk: not one entry more or less.
pub async fn exactly_one_chunk_goes_as_a_whole<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_bulk(PRUNE_CHUNK_ENTRIES + 1).await;
    let acked = stamps[PRUNE_CHUNK_ENTRIES - 1];
    let done = log.on_ack(peer(1), acked).await.unwrap();
    assert_eq!(done.pruned, PRUNE_CHUNK_ENTRIES, "P1");
    assert_eq!(rig.storage.retained().await, stamps[PRUNE_CHUNK_ENTRIES..]);
}

/// `on_ack` is the ack, then the prune; a stale ack prunes what is due.
pub async fn on_ack_is_an_ack_and_a_prune<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    assert_eq!(rig.storage.retained().await, stamps, "an ack alone");
    let done = log.on_ack(peer(1), stamps[0]).await.unwrap();
    assert_eq!((done.ack, done.pruned), (AckOutcome::Stale, 2), "P1");
}
