//! Faults of reading.

use sync_log_sqlite::{Ack, Cursor, Hlc, LogError, ReadLimits, SyncLog, Tag};
use sync_log_sqlite::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};

use crate::known_faults::device::{Device, LAPTOP, PHONE, TABLET, change, record, refused};

on_both_stores! {
    a_reader_that_lacks_what_is_gone_is_told
    a_read_is_bounded
    a_place_in_one_log_is_no_place_in_another
}

/// Where a reader is that has everything up to `hlc`.
async fn place(log: &SyncLog, hlc: Hlc) -> Cursor {
    let entries = log.get_since(None, usize::MAX).await.unwrap();
    let has = entries.iter().filter(|entry| entry.hlc <= hlc);
    let begin = log.floor_cursor().await.unwrap().mark();
    let mark = has.fold(begin, |mark, entry| mark.then(entry));
    assert_eq!(mark.hlc, hlc);
    Cursor::new(log.identity().log_id, hlc, mark.tag).unwrap()
}

/// Then: a device that asked for what came after an entry long gone was given what
/// was left, took it for everything, and differed from the others for good.
async fn a_reader_that_lacks_what_is_gone_is_told(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let stamps = record(&log, 4).await;
    let (old, newer) = (place(&log, stamps[0]).await, place(&log, stamps[3]).await);
    assert_eq!(log.on_ack(LAPTOP, stamps[2]).await.unwrap().pruned, 3);
    // One that had acknowledged, and one that comes now and never did.
    log.register_peer(TABLET).await.unwrap();
    for (peer, lacking) in [
        (LAPTOP, Cursor::ZERO),
        (LAPTOP, old),
        (TABLET, Cursor::ZERO),
        (TABLET, old),
    ] {
        let answer = log.read_for(peer, lacking, ReadLimits::default()).await;
        refused(answer, |error| {
            matches!(error, LogError::Compacted { requested, floor, head }
                if (*requested, *floor, *head) == (lacking.hlc(), stamps[2], stamps[3]))
        });
    }
    // The entry is there, but it is not the one that this reader had.
    let other = Tag::from_bytes(newer.tag().to_bytes().map(|byte| !byte));
    let rewritten = Cursor::new(newer.log_id(), newer.hlc(), other).unwrap();
    let answer = log.read_for(LAPTOP, rewritten, ReadLimits::default()).await;
    refused(answer, |error| matches!(error, LogError::Diverged { .. }));
    let floor = log.floor_cursor().await.unwrap();
    let page = log.read_for(LAPTOP, floor, ReadLimits::default()).await;
    assert_eq!(page.unwrap().entries.len(), 1);
}

/// Then: a reader was given the whole log at once, and a phone that came back after
/// an import on another device ran out of memory at every attempt.
async fn a_read_is_bounded(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let many = MAX_PAGE_ENTRIES + 500;
    let changes = (0..many).map(|number| change(number as u128)).collect();
    let stamps = log.record_each(changes).await.unwrap();
    let unlimited = ReadLimits {
        max_entries: usize::MAX,
        max_bytes: usize::MAX,
    };
    let page = log.read_for(LAPTOP, Cursor::ZERO, unlimited).await.unwrap();
    let bytes: usize = page.entries.iter().map(|e| e.content_bytes()).sum();
    assert_eq!(page.entries.len(), MAX_PAGE_ENTRIES);
    assert!(bytes <= MAX_PAGE_BYTES && page.more);
    let rest = log.read_for(LAPTOP, page.next, unlimited).await.unwrap();
    assert_eq!((rest.entries.len(), rest.more), (500, false));
    assert_eq!(rest.next.hlc(), stamps[many - 1]);

    assert_eq!(log.get_since(None, 7).await.unwrap().len(), 7);
    refused(log.get_since(None, 0).await, |error| {
        matches!(error, LogError::ZeroLimit)
    });
}

/// Then: one maximum over all peers was the place to catch up from at each of them,
/// so what a slower peer had written below it was never pulled.
async fn a_place_in_one_log_is_no_place_in_another(phone: Device) {
    let slow = phone.open_with_peers(&[LAPTOP]).await;
    let missed = record(&slow, 2).await;
    // Another device's log, further on.
    let other = Device::in_a_file();
    other.wall.advance_ms(1_000);
    let fast = other.open_with_peers(&[LAPTOP]).await;
    record(&fast, 1).await;
    let place = fast.head_cursor().await.unwrap();
    assert!(place.hlc() > missed[1]);

    let answer = slow.read_for(LAPTOP, place, ReadLimits::default()).await;
    refused(
        answer,
        |error| matches!(error, LogError::OtherLog { requested, .. } if *requested == place.log_id()),
    );
    let ack = slow.acknowledge(Ack::new(LAPTOP, place)).await;
    refused(ack, |error| matches!(error, LogError::OtherLog { .. }));
    // Without the log's id it is no place either: the owner's tool says so.
    let beyond = Hlc::new(place.hlc().timestamp, 0, PHONE);
    refused(slow.get_since(Some(beyond), 10).await, |error| {
        matches!(error, LogError::AheadOfHead { .. })
    });
}
