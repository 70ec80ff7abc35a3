//! A batch is all or nothing (`A2`).

use sync_log_core::{Change, Hlc, LogError, MAX_DATA_BYTES, SharedChangeEntry};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{DEVICE, change, change_of_bytes, entry, foreign, grouped, own_after};

fn batch_after(start: Hlc, count: u64) -> Vec<SharedChangeEntry> {
    (1..=count)
        .zip(1_usize..)
        .map(|(ahead_ms, number)| entry(own_after(start, ahead_ms), number))
        .collect()
}

/// A batch is stamped and written as one step, in the order it was given.
pub async fn a_batch_is_stamped_in_its_order<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_group(20).await;
    assert!(stamps.is_sorted_by(|a, b| a < b), "A2");
    let expected: Vec<_> = (0..20).map(|n| entry(stamps[n], n)).collect();
    assert_eq!(log.snapshot().await.entries, grouped(expected), "A2");
}

/// One bad entry, wherever it is, refuses the whole batch.
pub async fn one_bad_entry_refuses_its_whole_batch<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let start = log.record(change(0)).await.unwrap();
    for at in 0..3 {
        let mut without_type = batch_after(start, 3);
        without_type[at].model_type.clear();
        let empty = LogError::ModelTypeLength { length_bytes: 0 };
        log.refuses("A2", empty, log.append_many(without_type))
            .await;

        let mut batch = batch_after(start, 3);
        batch[at].hlc = foreign(batch[at].hlc);
        let origin = LogError::ForeignOrigin {
            hlc: batch[at].hlc,
            device_id: DEVICE.into(),
        };
        log.refuses("A2", origin, log.append_many(batch)).await;

        let mut changes: Vec<Change> = (0..3).map(change).collect();
        changes[at].data = change_of_bytes(MAX_DATA_BYTES + 1).data;
        let large = LogError::DataTooLarge {
            length_bytes: MAX_DATA_BYTES + 1,
            limit_bytes: MAX_DATA_BYTES,
        };
        log.refuses("A2", large, log.record_many(changes)).await;
    }
}

/// A batch that begins at or below the head is late as a whole, even if it ends above. A batch
/// with the stamp of another entry is a mistake of the caller.
pub async fn a_batch_that_begins_below_the_head_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let start = log.record(change(0)).await.unwrap();
    let batch = batch_after(start, 4);
    let head = log.append(entry(batch[1].hlc, 77)).await.unwrap();
    let overtaken = || LogError::Overtaken {
        hlc: batch[0].hlc,
        head,
    };
    log.refuses("A1", overtaken(), log.append_many(batch[..1].to_vec()))
        .await;
    let around_it = vec![batch[0].clone(), batch[2].clone(), batch[3].clone()];
    log.refuses("A1", overtaken(), log.append_many(around_it))
        .await;
    let other = || LogError::OtherContent { hlc: head };
    log.refuses("A1", other(), log.append_many(batch.clone()))
        .await;
    let at_head = batch[1..].to_vec();
    log.refuses("A1", other(), log.append_many(at_head)).await;
}
