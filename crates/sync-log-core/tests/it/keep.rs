//! What a policy keeps after every peer has it (`P6`). The plan itself is compared with a slow
//! reference in `plan`; ages as they are stored are cases of the conformance suite.

use sync_log_core::{Cause, Hlc, LogError, LogOptions, MAX_KEPT_ENTRIES, PrunePolicy, SyncLog};

use crate::common::values::{HOUR_MS, Log};
use crate::common::{DEVICE, LIBRARY, PEER};

async fn log(policy: PrunePolicy) -> Log {
    let log = Log::with(|options| options.policy = policy).await;
    log.register_peer(PEER).await.unwrap();
    log
}

fn retained(log: &Log) -> Vec<Hlc> {
    log.contents().entries.into_keys().collect()
}

/// A wall clock set back makes nothing old, and nothing negative.
#[tokio::test]
async fn keep_for_is_patient_with_a_clock_set_back() {
    let log = log(PrunePolicy::KeepFor { age_ms: 100 }).await;
    let stamps = log.record_apart(2, 40).await;
    log.wall.advance_ms(-HOUR_MS);
    assert_eq!(log.on_ack(PEER, stamps[1]).await.unwrap().pruned, 0);
    let reasons = log.explain().await.unwrap().reasons;
    assert_eq!(reasons[0].cause, Cause::Retention);
    assert_eq!(reasons[0].lag_ms, 0);
}

/// The first entry that is too young keeps those that follow, though they look older: what
/// goes is always a prefix.
#[tokio::test]
async fn keep_for_deletes_a_prefix_only() {
    let log = log(PrunePolicy::KeepFor { age_ms: 100 }).await;
    let stamps = log.record_apart(2, -HOUR_MS).await;
    log.wall.advance_ms(2 * HOUR_MS + 50);
    // The first is 50 ms old, the second an hour.
    assert_eq!(log.on_ack(PEER, stamps[1]).await.unwrap().pruned, 0);
    assert_eq!(retained(&log), stamps);
    log.wall.advance_ms(50);
    assert_eq!(log.prune_acked().await.unwrap(), 2);
}

#[tokio::test]
async fn keep_entries_keeps_the_newest_that_all_have() {
    let log = log(PrunePolicy::KeepEntries { count: 2 }).await;
    let stamps = log.record_apart(6, 0).await;
    for (acked, expected) in [(0, 0), (1, 0), (2, 1), (4, 2)] {
        let pruned = log.on_ack(PEER, stamps[acked]).await.unwrap().pruned;
        assert_eq!(pruned, expected, "after entry {acked}");
    }
    // Two that all have, and one that the peer lacks.
    assert_eq!(retained(&log), stamps[3..]);
    assert_eq!(log.prune_acked().await.unwrap(), 0);
}

#[tokio::test]
async fn explain_tells_kept_from_not_yet_pruned() {
    let log = log(PrunePolicy::KeepEntries { count: 2 }).await;
    let stamps = log.record_apart(3, 0).await;
    log.record_ack(PEER, stamps[2]).await.unwrap();
    let reasons = log.explain().await.unwrap().reasons;
    assert_eq!(
        (reasons.len(), &reasons[0].cause),
        (1, &Cause::NotYetPruned)
    );
    assert_eq!(log.prune_acked().await.unwrap(), 1);
    let kept = &log.explain().await.unwrap().reasons[0];
    assert_eq!(kept.cause, Cause::Retention);
    assert_eq!((kept.lag_entries, kept.remedy), (2, None));
}

#[tokio::test]
async fn a_solo_library_keeps_what_its_policy_keeps() {
    let log = log(PrunePolicy::KeepEntries { count: 1 }).await;
    log.retire(PEER).await.unwrap();
    log.declare_solo().await.unwrap();
    let stamps = log.record_apart(3, 0).await;
    assert_eq!(log.prune_acked().await.unwrap(), 2);
    assert_eq!(retained(&log), stamps[2..]);
}

#[tokio::test]
async fn a_policy_may_keep_as_many_entries_as_the_limit_and_no_more() {
    let log = log(PrunePolicy::KeepEntries {
        count: MAX_KEPT_ENTRIES,
    })
    .await;
    let count = MAX_KEPT_ENTRIES + 1;
    let mut options = LogOptions::new(log.wall.clone());
    options.policy = PrunePolicy::KeepEntries { count };
    let refused = LogError::OptionOutOfRange {
        option: "KeepEntries.count",
        value: count as u64,
        limit: MAX_KEPT_ENTRIES as u64,
    };
    let opened = SyncLog::open(log.values.clone(), LIBRARY, DEVICE, options);
    log.refuses(refused, opened).await;
}
