//! The entries that a policy keeps after every peer has them (`P6`).

use sync_log_core::{PRUNE_CHUNK_ENTRIES, PrunePolicy};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{HOUR_MS, peer};

async fn open<H: Harness>(rig: &Rig<H>, policy: PrunePolicy) -> Log {
    let mut options = rig.options();
    options.policy = policy;
    let log = rig.open_with(options).await;
    log.register_peer(peer(1)).await.unwrap();
    log
}

/// An entry is pruned when it reaches the age of the policy, not before.
pub async fn keep_for_keeps_what_is_younger<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 100 }).await;
    let stamps = log.record_apart(&rig.wall, 3, 40).await;
    // Their ages are 120, 80 and 40 ms.
    let pruned = log.on_ack(peer(1), stamps[2]).await.unwrap().pruned;
    assert_eq!(pruned, 1, "P6");
    rig.wall.advance_ms(19);
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P6: 99 ms");
    rig.wall.advance_ms(1);
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P6: 100 ms");
    assert_eq!(rig.storage.retained().await, stamps[2..], "P6");
}

/// No age allows a prune of an entry that a peer lacks.
pub async fn keep_for_never_overrules_a_peer<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 0 }).await;
    let stamps = log.record_apart(&rig.wall, 3, 40).await;
    rig.wall.advance_ms(1000 * HOUR_MS);
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P1");
    let pruned = log.on_ack(peer(1), stamps[1]).await.unwrap().pruned;
    assert_eq!(pruned, 2, "P6: and no age keeps what has none to keep");
}

/// Keeping works across chunks.
pub async fn keep_entries_works_across_chunks<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepEntries { count: 5 }).await;
    let stamps = log.record_bulk(2 * PRUNE_CHUNK_ENTRIES + 5).await;
    let last = *stamps.last().unwrap();
    let pruned = log.on_ack(peer(1), last).await.unwrap().pruned;
    assert_eq!(pruned, 2 * PRUNE_CHUNK_ENTRIES, "P6");
    assert_eq!(rig.storage.retained().await, stamps[pruned..], "P6");
}
