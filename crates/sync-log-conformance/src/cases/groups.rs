//! A page ends where a group ends (`R1`).

use sync_log_core::{
    Change, Cursor, Hlc, LogError, MAX_PAGE_ENTRIES, ReadLimits, SharedChangeEntry,
};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{change_of_bytes, entry, own_after, peer};

/// How many entries each page has, read to the end.
async fn page_sizes(log: &Log, limits: ReadLimits) -> Vec<usize> {
    let (mut sizes, mut cursor) = (Vec::new(), Cursor::ZERO);
    loop {
        let page = log.read_for(peer(1), cursor, limits).await.unwrap();
        let last = page.entries.last();
        assert!(last.is_none_or(|last| last.group_end), "R1: {page:?}");
        sizes.push(page.entries.len());
        cursor = page.next;
        if !page.more {
            return sizes;
        }
    }
}

/// A log of which peer 1 is to get groups of those sizes.
async fn log_of_groups<H: Harness>(rig: &Rig<H>, sizes: &[usize]) -> Log {
    let log = rig.open_with_peers(1).await;
    for size in sizes {
        log.record_group(*size).await;
    }
    log
}

/// Content bytes that count against a page.
fn content_bytes(changes: &[Change]) -> usize {
    let bytes = |change: &Change| change.model_type.len() + change.data.len_bytes();
    changes.iter().map(bytes).sum()
}

/// As many whole groups as fit; what is known about them survives a restart.
pub async fn a_page_goes_back_to_the_start_of_a_group_that_it_would_cut<H: Harness>(rig: Rig<H>) {
    let log = log_of_groups(&rig, &[2, 3, 1, 2]).await;
    let log = rig.reopen(log).await;
    let by_size: [(usize, &[usize]); 6] = [
        (3, &[2, 3, 3]),
        (4, &[2, 4, 2]),
        (5, &[5, 3]),
        (6, &[6, 2]),
        (7, &[6, 2]),
        (8, &[8]),
    ];
    for (size, expected) in by_size {
        let sizes = page_sizes(&log, ReadLimits::entries(size)).await;
        assert_eq!(sizes, expected, "R1: at most {size}");
    }
}

/// The same where bytes end the page.
pub async fn a_page_that_is_full_of_bytes_goes_back_too<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let large = change_of_bytes(500);
    let bytes = content_bytes(std::slice::from_ref(&large));
    for size in [2, 2, 1] {
        log.record_many(vec![large.clone(); size]).await.unwrap();
    }
    let by_bytes: [(usize, &[usize]); 5] = [
        (1, &[2, 2, 1]),
        (3 * bytes, &[2, 3]),
        (4 * bytes - 1, &[2, 3]),
        (4 * bytes, &[4, 1]),
        (5 * bytes, &[5]),
    ];
    for (max_bytes, expected) in by_bytes {
        let limits = ReadLimits {
            max_entries: 100,
            max_bytes,
        };
        let sizes = page_sizes(&log, limits).await;
        assert_eq!(sizes, expected, "R1: at most {max_bytes} bytes");
    }
}

/// A first group is served whole, whatever the limits, up to the largest group that may exist.
pub async fn a_first_group_larger_than_the_limits_is_served_whole<H: Harness>(rig: Rig<H>) {
    let log = log_of_groups(&rig, &[1, MAX_PAGE_ENTRIES, 2]).await;
    for size in [1, 2, MAX_PAGE_ENTRIES - 1, MAX_PAGE_ENTRIES] {
        let sizes = page_sizes(&log, ReadLimits::entries(size)).await;
        assert_eq!(sizes, [1, MAX_PAGE_ENTRIES, 2], "R1: at most {size}");
    }
    let one_byte = ReadLimits {
        max_entries: MAX_PAGE_ENTRIES,
        max_bytes: 1,
    };
    let sizes = page_sizes(&log, one_byte).await;
    assert_eq!(sizes, [1, MAX_PAGE_ENTRIES, 2], "R1: at most one byte");
}

/// A reader inside a group, after an older page or at the floor, gets the rest of the group.
pub async fn a_reader_inside_a_group_gets_the_rest_of_it<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_group(4).await;
    log.record_group(2).await;
    let inside = log.cursor_at(stamps[1]).await;
    for prunes in [false, true] {
        if prunes {
            log.on_ack(peer(1), stamps[1]).await.unwrap();
        }
        let read = log.read_for(peer(1), inside, ReadLimits::entries(1));
        let entries = read.await.unwrap().entries;
        let got: Vec<Hlc> = entries.iter().map(|entry| entry.hlc).collect();
        assert_eq!(got, stamps[2..], "R1: pruned: {prunes}");
    }
}

/// Bulk changes are written in one step, each as a group.
pub async fn changes_that_are_recorded_each_are_a_group_each<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_bulk(5).await;
    let sizes = page_sizes(&log, ReadLimits::entries(2)).await;
    assert_eq!(sizes, [2, 2, 1], "R1");
    let expected: Vec<_> = (0..5).map(|n| entry(stamps[n], n)).collect();
    assert_eq!(log.snapshot().await.entries, expected, "A2: in their order");
}

/// Stamped entries name the ends of their groups themselves; the last entry must end one.
pub async fn a_batch_without_a_group_end_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let start = log.record_group(1).await[0];
    let entry = |number: usize, group_end: bool| SharedChangeEntry {
        group_end,
        ..entry(own_after(start, number as u64), number)
    };
    for batch in [
        vec![entry(1, false)],
        vec![entry(1, true), entry(2, false)],
        vec![entry(1, false), entry(2, false)],
    ] {
        let hlc = batch[batch.len() - 1].hlc;
        let refused = LogError::GroupWithoutEnd { hlc };
        log.refuses("R1", refused, log.append_many(batch)).await;
    }
    let two_groups = [false, true, false, false, true];
    let batch = (1..).zip(two_groups).map(|(n, end)| entry(n, end));
    log.append_many(batch.collect()).await.unwrap();
    let sizes = page_sizes(&log, ReadLimits::entries(4)).await;
    assert_eq!(sizes, [3, 3], "R1: as they were given");
}
