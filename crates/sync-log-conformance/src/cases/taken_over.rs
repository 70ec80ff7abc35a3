//! A log that takes own changes over from a receiver takes all of them, and no others (`W2`).

use sync_log_core::{Hlc, LogError, SharedChangeEntry, take_over};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{START_MS, change, entry, grouped, just_above, own_after, peer};

/// A year, which no clock may be ahead.
const YEAR_MS: u64 = 365 * 86_400_000;

async fn takes(log: &Log, entries: &[SharedChangeEntry]) {
    let job = take_over(entries.to_vec(), START_MS);
    log.store().write(job).await.expect("W2");
}

/// Two entries that a receiver stamped while its wall clock was wrong.
async fn put_out<H: Harness>(rig: &Rig<H>) -> (Log, Vec<SharedChangeEntry>) {
    let log = rig.open_with_peers(1).await;
    let first = own_after(log.tick().await.unwrap(), YEAR_MS);
    let entries = grouped(vec![entry(first, 0), entry(own_after(first, 1), 1)]);
    (log, entries)
}

/// They are committed with their records, so no limit of drift refuses them any more.
pub async fn what_was_put_out_is_taken_whatever_the_clock_reads<H: Harness>(rig: Rig<H>) {
    let (log, entries) = put_out(&rig).await;
    takes(&log, &entries).await;
    let log = rig.reopen(log).await;
    assert_eq!(log.get_since(None, 10).await.unwrap(), entries, "W2");
    assert_eq!(log.head().await.unwrap(), entries[1].hlc, "W2");
    assert_eq!(
        log.page(peer(1), log.floor_cursor().await.unwrap())
            .await
            .entries,
        entries,
        "W2"
    );
}

/// A drain that was interrupted is repeated.
pub async fn what_was_taken_before_is_skipped<H: Harness>(rig: Rig<H>) {
    let (log, entries) = put_out(&rig).await;
    let more = entry(own_after(entries[1].hlc, 5), 2);
    takes(&log, &entries).await;
    takes(&log, &entries).await;
    takes(
        &log,
        &[entries[0].clone(), entries[1].clone(), more.clone()],
    )
    .await;
    let stamps = log.get_since(None, 10).await.unwrap().into_iter();
    let stamps: Vec<Hlc> = stamps.map(|entry| entry.hlc).collect();
    assert_eq!(stamps, [entries[0].hlc, entries[1].hlc, more.hlc], "W2");
}

/// It would be lost if it were skipped.
pub async fn a_change_below_the_head_that_is_not_there_is_refused<H: Harness>(rig: Rig<H>) {
    let (log, entries) = put_out(&rig).await;
    takes(&log, &entries).await;
    let between = entry(
        own_after(entries[0].hlc, 0).max(just_above(entries[0].hlc)),
        3,
    );
    assert!(between.hlc < entries[1].hlc, "the case is of use");
    let overtaken = LogError::Overtaken {
        hlc: between.hlc,
        head: entries[1].hlc,
    };
    let job = take_over(
        vec![between, entry(own_after(entries[1].hlc, 9), 4)],
        START_MS,
    );
    log.refuses("W2", overtaken, log.store().write(job)).await;
    assert_eq!(log.head().await.unwrap(), entries[1].hlc, "W2");
}

/// A change without the version of its record would be lost for the records.
pub async fn a_change_without_its_record_is_refused_after_that<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record(change(0)).await.unwrap();
    takes(&log, &[]).await;
    let mut log = log;
    for _ in 0..2 {
        let refused = || LogError::WithRecords;
        log.refuses("W2", refused(), log.record(change(1))).await;
        let stamp = log.tick().await.unwrap();
        log.refuses("W2", refused(), log.append(entry(stamp, 1)))
            .await;
        log = rig.reopen(log).await;
    }
    assert_eq!(log.get_since(None, 10).await.unwrap().len(), 1, "W2");
}
