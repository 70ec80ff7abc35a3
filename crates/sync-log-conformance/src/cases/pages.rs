//! A page is ascending, strictly after the cursor, and bounded (`R1`).

use sync_log_core::{Cursor, Hlc, MAX_DATA_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, ReadLimits};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{change, change_of_bytes, peer};

/// Reads to the end in pages of those limits.
async fn read_all(log: &Log, limits: ReadLimits) -> Vec<Vec<Hlc>> {
    let (mut pages, mut cursor) = (Vec::new(), Cursor::ZERO);
    loop {
        let page = log.read_for(peer(1), cursor, limits).await.unwrap();
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        if let Some(last) = stamps.last() {
            assert_eq!(page.next, log.cursor_at(*last).await, "R1: next");
        }
        assert_eq!(page.more, page.next.hlc() < page.head, "R1: more");
        cursor = page.next;
        pages.push(stamps);
        if !page.more {
            return pages;
        }
    }
}

/// Whatever the page size, every entry comes once, in order.
pub async fn pages_of_every_size_hold_every_entry_once<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let mut stamps = log.record_bulk(6).await;
    rig.wall.advance_ms(1);
    stamps.extend(log.record_bulk(5).await);
    for size in 1..=12 {
        let pages = read_all(&log, ReadLimits::entries(size)).await;
        let full = pages[..pages.len() - 1].iter().all(|p| p.len() == size);
        assert!(full, "R1: pages before the last are full");
        assert_eq!(pages.concat(), stamps, "R1: pages of {size}");
    }
}

/// No request gets more than the protocol's page.
pub async fn a_page_is_bounded_by_count<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_bulk(MAX_PAGE_ENTRIES + 5).await;
    let pages = read_all(&log, ReadLimits::entries(usize::MAX)).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [MAX_PAGE_ENTRIES, 5], "R1");
    assert_eq!(pages.concat(), stamps, "R1");
}

/// Content bytes are bounded too, by the protocol and by the caller.
pub async fn a_page_is_bounded_by_bytes<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let large = change_of_bytes(MAX_DATA_BYTES - 3);
    let bytes = large.model_type.len() + large.data.len_bytes();
    assert_eq!(MAX_PAGE_BYTES / bytes, 4, "four of them fill a page");
    log.record_each(vec![large; 6]).await.unwrap();
    let sizes = |pages: Vec<Vec<Hlc>>| pages.iter().map(Vec::len).collect::<Vec<_>>();
    let limited = |max_bytes| ReadLimits {
        max_entries: 100,
        max_bytes,
    };
    let asked = [
        (usize::MAX, vec![4, 2]),
        (3 * bytes, vec![3, 3]),
        (3 * bytes - 1, vec![2, 2, 2]),
        (1, vec![1; 6]),
    ];
    for (max_bytes, expected) in asked {
        let pages = read_all(&log, limited(max_bytes)).await;
        assert_eq!(sizes(pages), expected, "R1: at most {max_bytes} bytes");
    }
}

/// The limit counts from the first entry that does not fit; a smaller one
/// after it does not jump the queue.
pub async fn a_page_never_skips_an_entry_to_fit_the_next<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let sizes = [10, 500, 10, 500, 10];
    let changes = sizes.iter().map(|bytes| change_of_bytes(*bytes)).collect();
    let stamps = log.record_each(changes).await.unwrap();
    let limits = ReadLimits {
        max_entries: 100,
        max_bytes: 100,
    };
    let pages = read_all(&log, limits).await;
    assert!(pages.iter().all(|page| page.len() == 1), "R1: {pages:?}");
    assert_eq!(pages.concat(), stamps, "R1: without a gap");
}

/// At the end the page is empty and the reader stays where it is.
pub async fn an_empty_page_leaves_the_reader_where_it_is<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let empty = log.page(peer(1), Cursor::ZERO).await;
    assert_eq!(
        (empty.entries.len(), empty.next, empty.more),
        (0, Cursor::ZERO, false),
        "R1: on a fresh log"
    );
    let last = log.record(change(0)).await.unwrap();
    let at_end = log.cursor_at(last).await;
    for peer_number in 1..=2 {
        let page = log.page(peer(peer_number), at_end).await;
        assert_eq!((page.entries.len(), page.more), (0, false), "R1");
        assert_eq!(page.next, at_end, "R1: the cursor that was given");
        assert_eq!((page.head, page.floor), (last, Hlc::ZERO), "R1");
    }
}

/// A page reports the floor and the head of the log.
pub async fn a_page_tells_head_and_floor<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    let floor = log.floor_cursor().await.unwrap();
    let page = log
        .read_for(peer(1), floor, ReadLimits::entries(1))
        .await
        .unwrap();
    assert_eq!((page.head, page.floor), (stamps[3], stamps[1]), "R1");
    assert!(page.more, "R1: there is more");
}

/// The owner gets every pending entry, and may start from any stamp between
/// floor and head.
pub async fn the_owner_reads_from_anywhere_between_floor_and_head<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_apart(&rig.wall, 5, 10).await;
    let since = |position: Option<Hlc>, limit: usize| {
        let log = log.clone();
        async move {
            let entries = log.get_since(position, limit).await.unwrap();
            entries.iter().map(|entry| entry.hlc).collect::<Vec<_>>()
        }
    };
    assert_eq!(since(Some(Hlc::ZERO), 9).await, stamps, "R1: from zero");
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    let [floor, first, head] = [stamps[1], stamps[2], stamps[4]];
    let between = |position: Hlc| Hlc {
        timestamp: position.timestamp + 5,
        ..position
    };
    assert_eq!(since(None, 9).await, stamps[2..], "R1: all that is pending");
    assert_eq!(since(None, 2).await, stamps[2..4], "R1: at most the limit");
    assert_eq!(since(Some(floor), 9).await, stamps[2..], "R1: at the floor");
    assert_eq!(since(Some(between(floor)), 9).await, stamps[2..], "R1");
    assert_eq!(since(Some(first), 9).await, stamps[3..], "R1: strictly");
    assert_eq!(since(Some(between(first)), 1).await, stamps[3..4], "R1");
    assert_eq!(since(Some(head), 9).await, [], "R1: at the head");
    assert_eq!(since(None, usize::MAX).await, stamps[2..], "R1");
}

/// The owner's list is bounded by count alone.
pub async fn the_owners_list_is_bounded_by_count_alone<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record_each(vec![change_of_bytes(MAX_DATA_BYTES); 5])
        .await
        .unwrap();
    let entries = log.get_since(None, 5).await.unwrap();
    assert_eq!(entries.len(), 5, "R1: fewer than `limit` means the end");
}
