//! An append may be repeated, and no other append passes for a retry (`A1`).

use sync_log_core::{ChangeType, JsonText, LogError, SharedChangeEntry, Uuid};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{change, entry, grouped, just_above, just_below, peer};

/// The same entry again is `Ok` and writes nothing, even after a restart and below
/// the head.
pub async fn an_identical_entry_is_ok_again<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamp = log.tick().await.unwrap();
    let first = entry(stamp, 0);
    log.append(first.clone()).await.unwrap();
    log.changes_nothing("A1", stamp, log.append(first.clone()))
        .await;
    log.record(change(1)).await.unwrap();
    log.changes_nothing("A1", stamp, log.append(first.clone()))
        .await;
    rig.wall.advance_ms(50);
    let log = rig.reopen(log).await;
    log.changes_nothing("A1", stamp, log.append(first)).await;
}

/// One field differs, if only by white space: it is another entry.
pub async fn another_entry_at_a_retained_stamp_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let hlc = log.record(change(0)).await.unwrap();
    let next = log.record(change(1)).await.unwrap();
    let refused = || LogError::OtherContent { hlc };
    for other in others(&entry(hlc, 0)) {
        log.refuses("A1", refused(), log.append(other)).await;
    }
    let other_group = grouped(vec![entry(hlc, 0), entry(next, 1)]);
    log.refuses("A1", refused(), log.append_many(other_group))
        .await;
}

fn others(original: &SharedChangeEntry) -> Vec<SharedChangeEntry> {
    let spaced = format!(" {}", original.data);
    vec![
        SharedChangeEntry {
            model_type: "Tag".to_owned(),
            ..original.clone()
        },
        SharedChangeEntry {
            record_uuid: Uuid::from_u128(0xbad),
            ..original.clone()
        },
        SharedChangeEntry {
            change_type: ChangeType::Update,
            ..original.clone()
        },
        SharedChangeEntry {
            data: JsonText::new(spaced).unwrap(),
            ..original.clone()
        },
        SharedChangeEntry {
            model_version: original.model_version + 1,
            ..original.clone()
        },
    ]
}

/// A pruned entry can no longer be compared with its retry. The error must not claim that the
/// entry was never written.
pub async fn a_retry_of_a_pruned_entry_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let hlc = log.record(change(0)).await.unwrap();
    log.on_ack(peer(1), hlc).await.unwrap();
    let floor = hlc;
    for content in [0, 9] {
        let refused = LogError::BelowFloor { hlc, floor };
        let again = log.append(entry(hlc, content));
        log.refuses("A1", refused, again).await;
    }
    // Below the floor, and never in the log.
    let never = just_below(floor);
    let refused = LogError::BelowFloor { hlc: never, floor };
    log.refuses("A1", refused, log.append(entry(never, 1)))
        .await;
}

/// A batch is a retry if all of its entries are there, wherever in the log they are.
pub async fn a_batch_that_is_all_there_is_ok_again<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(4).await;
    let all: Vec<_> = (0..4).map(|n| entry(stamps[n], n)).collect();
    log.changes_nothing("A2", (), log.append_many(all.clone()))
        .await;
    log.changes_nothing("A2", (), log.append_many(all[1..3].to_vec()))
        .await;
}

/// A batch of which some is there is neither new nor a retry.
pub async fn a_batch_that_mixes_retained_and_new_entries_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(2).await;
    let new = just_above(stamps[1]);
    let mixed = vec![entry(stamps[0], 0), entry(stamps[1], 1), entry(new, 2)];
    log.refuses(
        "A2",
        LogError::BatchMixed { hlc: new },
        log.append_many(mixed),
    )
    .await;
    // The second is there with other content.
    let altered = vec![entry(stamps[0], 0), entry(stamps[1], 9)];
    let refused = LogError::OtherContent { hlc: stamps[1] };
    log.refuses("A2", refused, log.append_many(altered)).await;
}

/// A batch of which the beginning was pruned may have been written, or not.
pub async fn a_batch_whose_beginning_was_pruned_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(2).await;
    log.on_ack(peer(1), stamps[0]).await.unwrap();
    let batch = vec![entry(stamps[0], 0), entry(stamps[1], 1)];
    let refused = LogError::BelowFloor {
        hlc: stamps[0],
        floor: stamps[0],
    };
    log.refuses("A2", refused, log.append_many(batch)).await;
}
