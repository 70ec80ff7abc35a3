//! What a policy keeps after everybody has it (`P6`).

use sync_log_core::{
    Cause, Hlc, LogError, MAX_KEPT_ENTRIES, PRUNE_CHUNK_ENTRIES, PrunePolicy, SyncLog,
};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, HOUR_MS, LIBRARY, change, peer};

async fn open<H: Harness>(rig: &Rig<H>, policy: PrunePolicy) -> Log {
    let mut options = rig.options();
    options.policy = policy;
    let log = rig.open_with(options).await;
    log.register_peer(peer(1)).await.unwrap();
    log
}

/// Records `count` entries, `step_ms` apart.
async fn record_apart<H: Harness>(rig: &Rig<H>, log: &Log, count: usize, step_ms: i64) -> Vec<Hlc> {
    let mut stamps = Vec::new();
    for number in 0..count {
        stamps.push(log.record(change(number)).await.unwrap());
        rig.wall.advance_ms(step_ms);
    }
    stamps
}

/// An entry goes when it is as old as it has to be, not before.
pub async fn keep_for_keeps_what_is_younger<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 100 }).await;
    let stamps = record_apart(&rig, &log, 3, 40).await;
    // Their ages are 120, 80 and 40 ms.
    let pruned = log.on_ack(peer(1), stamps[2]).await.unwrap().pruned;
    assert_eq!(pruned, 1, "P6");
    rig.wall.advance_ms(19);
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P6: 99 ms");
    rig.wall.advance_ms(1);
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P6: 100 ms");
    assert_eq!(rig.storage.retained().await, stamps[2..], "P6");
}

/// No age lets an entry go that a peer lacks.
pub async fn keep_for_never_overrules_a_peer<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 0 }).await;
    let stamps = record_apart(&rig, &log, 3, 40).await;
    rig.wall.advance_ms(1000 * HOUR_MS);
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P1");
    let pruned = log.on_ack(peer(1), stamps[1]).await.unwrap().pruned;
    assert_eq!(pruned, 2, "P6: and no age keeps what has none to keep");
}

/// A wall clock set back makes nothing old, and nothing negative.
pub async fn keep_for_is_patient_with_a_clock_set_back<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 100 }).await;
    let stamps = record_apart(&rig, &log, 2, 40).await;
    rig.wall.advance_ms(-HOUR_MS);
    let pruned = log.on_ack(peer(1), stamps[1]).await.unwrap().pruned;
    assert_eq!(pruned, 0, "P6");
    let held = log.explain().await.unwrap().held;
    assert_eq!(
        (held[0].cause.clone(), held[0].lag_ms),
        (Cause::Retention, 0)
    );
}

/// The first entry that is too young keeps those that follow, though they
/// look older: what goes is always a prefix.
pub async fn keep_for_deletes_a_prefix_only<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepFor { age_ms: 100 }).await;
    let first = log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(-HOUR_MS);
    let second = log.record(change(1)).await.unwrap();
    rig.wall.advance_ms(HOUR_MS - 200);
    let pruned = log.on_ack(peer(1), second).await.unwrap().pruned;
    assert_eq!(pruned, 0, "P6: the second is old, but not first");
    assert_eq!(rig.storage.retained().await, [first, second], "P6");
    rig.wall.advance_ms(300);
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P6");
}

/// The newest that all have stay, as many as asked for.
pub async fn keep_entries_keeps_the_newest_that_all_have<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepEntries { count: 2 }).await;
    let stamps = log.record_one_by_one(6).await;
    let counts = [(0, 0), (1, 0), (2, 1), (4, 2)];
    for (acked, expected) in counts {
        let done = log.on_ack(peer(1), stamps[acked]).await.unwrap();
        assert_eq!(done.pruned, expected, "P6: after entry {acked}");
    }
    assert_eq!(
        rig.storage.retained().await,
        stamps[3..],
        "P6: two that all have, and one that the peer lacks"
    );
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P6");
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

/// `explain` tells what the policy keeps from what is merely not pruned yet.
pub async fn explain_tells_kept_from_not_yet_pruned<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepEntries { count: 2 }).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[2]).await.unwrap();
    let held = log.explain().await.unwrap().held;
    assert_eq!(held.len(), 1, "P7");
    assert_eq!(held[0].cause, Cause::NotYetPruned, "P7");
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P6");
    let held = log.explain().await.unwrap().held;
    assert_eq!(held[0].cause, Cause::Retention, "P7");
    assert_eq!((held[0].lag_entries, held[0].remedy), (2, None), "P7");
}

/// A solo library keeps what the policy keeps, too.
pub async fn a_solo_library_keeps_what_its_policy_keeps<H: Harness>(rig: Rig<H>) {
    let log = open(&rig, PrunePolicy::KeepEntries { count: 1 }).await;
    log.retire(peer(1)).await.unwrap();
    log.declare_solo().await.unwrap();
    let stamps = log.record_one_by_one(3).await;
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P6");
    assert_eq!(rig.storage.retained().await, stamps[2..], "P6");
}

/// A policy has its limits.
pub async fn a_policy_out_of_range_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut options = rig.options();
    options.policy = PrunePolicy::KeepEntries {
        count: MAX_KEPT_ENTRIES + 1,
    };
    let opened = SyncLog::open(log.store(), LIBRARY, DEVICE, options).await;
    let expected = LogError::OptionOutOfRange {
        option: "KeepEntries.count",
        value: MAX_KEPT_ENTRIES as u64 + 1,
        limit: MAX_KEPT_ENTRIES as u64,
    };
    let error = opened.unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{expected:?}"), "P6");
}
