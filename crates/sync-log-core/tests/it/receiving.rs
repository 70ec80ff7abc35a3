//! What a page holds for a receiver: each entry once, or an error (`X0`, `X1`).

use proptest::prelude::*;
use sync_log_core::judge::EntryFault;
use sync_log_core::receive::{Arrival, ReceiveError, arrival};
use sync_log_core::{
    Altered, ChainFault, Cursor, DeviceId, ErrorKind, JsonText, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES,
    Page, SharedChangeEntry, Uuid,
};

use crate::common::log::Log;
use crate::common::{DEVICE, LOG, PEER, entry};

const ORIGIN: DeviceId = DeviceId::from_uuid(DEVICE);

/// Entries 1, 2, 3, … of a log, in groups of these sizes.
fn with_groups(groups: &[usize]) -> Log {
    let ends = groups.iter().scan(0, |end, size| {
        *end += size;
        Some(*end)
    });
    let ends: Vec<usize> = ends.collect();
    let count = ends.last().copied().unwrap_or(0);
    let entries = (1..=count).map(|number| SharedChangeEntry {
        group_end: ends.contains(&number),
        ..entry(number as u64)
    });
    Log::of(entries.collect(), LOG)
}

fn single(count: usize) -> Log {
    with_groups(&vec![1; count])
}

fn take(watermark: Cursor, page: &Page) -> Result<Arrival<'_>, ReceiveError> {
    arrival(ORIGIN, watermark, page)
}

fn refused(watermark: Cursor, page: &Page) -> ReceiveError {
    take(watermark, page).expect_err("the page is refused")
}

proptest! {
    /// Pages come twice, late, early, and overlap; whatever comes, a receiver that takes what it is
    /// told to take has a prefix of the log, each entry once.
    #[test]
    fn whatever_order_pages_come_in_each_entry_is_taken_once(
        groups in prop::collection::vec(1..4_usize, 1..12),
        arrivals in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40),
    ) {
        let log = with_groups(&groups);
        let ends = log.ends();
        let (mut has, mut watermark): (Vec<SharedChangeEntry>, _) = (Vec::new(), Cursor::ZERO);
        for (one, other) in arrivals {
            let (one, other) = (*one.get(&ends), *other.get(&ends));
            let (from, to) = (one.min(other), one.max(other));
            let page = log.page(from, to);
            match take(watermark, &page) {
                Ok(arrived) => {
                    let lacks = to.saturating_sub(has.len());
                    prop_assert_eq!(arrived.entries.len(), lacks);
                    has.extend_from_slice(arrived.entries);
                    watermark = arrived.watermark;
                }
                Err(error) => {
                    let after = page.after.hlc();
                    let expected = watermark;
                    prop_assert!(from > has.len(), "{:?}", error);
                    prop_assert_eq!(error, ReceiveError::OutOfOrder { origin: ORIGIN, after, expected });
                }
            }
            prop_assert_eq!(&has, &log.entries[..has.len()]);
            prop_assert_eq!(watermark, log.cursors[has.len()]);
        }
    }

    /// A receiver that has another past of the same log never takes anything from that point on.
    #[test]
    fn a_history_that_is_not_the_receivers_is_never_taken(
        count in 2..20_usize,
        changed in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
    ) {
        let log = single(count);
        let changed = changed.index(count);
        let mut other = log.entries.clone();
        other[changed].data = JsonText::new("[1]").unwrap();
        let watermark = Log::of(other, LOG).cursors[count];
        let page = log.page(from.index(count + 1), count);
        let diverged = ReceiveError::Diverged { origin: ORIGIN, watermark };
        prop_assert_eq!(take(watermark, &page), Err(diverged));
    }
}

#[test]
fn a_page_that_was_applied_is_acknowledged_again_and_nothing_of_it_is_taken() {
    let log = single(5);
    let has = log.cursors[4];
    let nothing = Arrival {
        entries: &[],
        watermark: has,
    };
    for (from, to) in [(0, 4), (2, 4), (4, 4), (0, 2), (1, 1), (0, 0)] {
        assert_eq!(take(has, &log.page(from, to)), Ok(nothing), "{from}..{to}");
    }
    let rest = Arrival {
        entries: &log.entries[4..],
        watermark: log.cursors[5],
    };
    assert_eq!(take(has, &log.page(1, 5)), Ok(rest));
}

#[test]
fn a_page_of_another_log_is_refused_unless_nothing_was_received_yet() {
    let log = single(3);
    let other = Log::of(log.entries.clone(), Uuid::from_u128(77));
    let other_log = ReceiveError::OtherLog {
        origin: ORIGIN,
        log_id: other.log_id,
        watermark: log.cursors[2],
    };
    for (from, to) in [(0, 1), (0, 3), (2, 3), (3, 3)] {
        let page = other.page(from, to);
        assert_eq!(refused(log.cursors[2], &page), other_log, "{from}..{to}");
    }
    assert_eq!(
        take(Cursor::ZERO, &other.page(0, 3)).unwrap().entries.len(),
        3
    );
    let mixed = Page {
        after: log.cursors[2],
        ..other.page(2, 3)
    };
    let error = refused(log.cursors[2], &mixed);
    assert!(matches!(error, ReceiveError::Altered { .. }), "{error}");
}

#[test]
fn an_entry_that_the_origins_log_cannot_hold_refuses_the_whole_page() {
    let bad: [(Spoil, EntryFault); 5] = [
        (|it| it.hlc.device_id = PEER, EntryFault::OtherDevice),
        (|it| it.hlc.timestamp = u64::MAX, EntryFault::NotFromClock),
        (|it| it.model_type.clear(), EntryFault::ModelType),
        (
            |it| it.data = JsonText::new(format!("\"{}\"", "x".repeat(1 << 20))).unwrap(),
            EntryFault::DataTooLarge,
        ),
        (|it| it.data = nested(128), EntryFault::DataNotJson),
    ];
    for (spoil, fault) in bad {
        let mut log = single(3);
        spoil(&mut log.entries[2]);
        // The sender made the tags fit.
        let log = Log::of(log.entries, LOG);
        let expected = ReceiveError::BadEntry {
            origin: ORIGIN,
            hlc: log.entries[2].hlc,
            fault,
        };
        let error = refused(log.cursors[1], &log.page(0, 3));
        assert_eq!(error, expected);
        assert_eq!(error.kind(), ErrorKind::FixPeer);
    }
}

type Spoil = fn(&mut SharedChangeEntry);

/// JSON that was made in memory, with arrays in arrays.
fn nested(levels: usize) -> JsonText {
    let empty = serde_json::Value::Null;
    (0..levels)
        .fold(empty, |inner, _| serde_json::json!([inner]))
        .into()
}

#[test]
fn a_page_that_is_larger_than_a_page_may_be_is_refused() {
    let most = single(MAX_PAGE_ENTRIES);
    assert!(take(Cursor::ZERO, &most.page(0, MAX_PAGE_ENTRIES)).is_ok());
    let more = single(MAX_PAGE_ENTRIES + 1);
    let error = refused(Cursor::ZERO, &more.page(0, MAX_PAGE_ENTRIES + 1));
    let (entries, bytes) = (MAX_PAGE_ENTRIES + 1, 5 * (MAX_PAGE_ENTRIES + 1));
    let too_large = ReceiveError::PageTooLarge {
        origin: ORIGIN,
        entries,
        bytes,
    };
    assert_eq!(error, too_large);

    // As many bytes as a page may have, and one entry more.
    let data_bytes = MAX_PAGE_BYTES / 4 - "tag".len() - 2;
    let data = JsonText::new(format!("\"{}\"", "x".repeat(data_bytes))).unwrap();
    for (count, fits) in [(4, true), (5, false)] {
        let large = (1..=count).map(|number| SharedChangeEntry {
            data: data.clone(),
            ..entry(number)
        });
        let log = Log::of(large.collect(), LOG);
        let page = log.page(0, log.entries.len());
        assert_eq!(take(Cursor::ZERO, &page).is_ok(), fits, "{count}");
    }
}

#[test]
fn a_page_that_does_not_lead_from_its_start_to_its_end_is_read_again() {
    let log = with_groups(&[1, 2, 1]);
    let altered = |page: &Page| match refused(log.cursors[1], page) {
        ReceiveError::Altered { altered, .. } => altered,
        other => panic!("another error: {other}"),
    };
    let at = |position: usize, fault| Altered {
        hlc: log.entries[position].hlc,
        fault,
    };
    let mut cut = log.page(0, 4);
    cut.entries.pop();
    assert_eq!(altered(&cut), at(2, ChainFault::OtherTag));
    let mut swapped = log.page(0, 4);
    swapped.entries.swap(1, 2);
    assert_eq!(altered(&swapped), at(1, ChainFault::OutOfOrder));
    // The tags fit, but the group goes on in the next page.
    assert_eq!(altered(&log.page(0, 2)), at(1, ChainFault::OpenGroup));
    assert_eq!(refused(log.cursors[1], &cut).kind(), ErrorKind::Retry);
    // Entries from before the start are not part of the page.
    let mut repeated = log.page(1, 4);
    repeated.entries.insert(0, log.entries[0].clone());
    assert_eq!(altered(&repeated), at(0, ChainFault::OutOfOrder));
}

#[test]
fn each_refusal_says_what_is_to_be_done() {
    let (log, watermark) = (single(3), single(2).cursors[1]);
    let missing = refused(watermark, &log.page(2, 3));
    assert_eq!(missing.kind(), ErrorKind::Retry);
    assert_eq!(missing.help(), "read again from this device's watermark");
    let text = missing.to_string();
    assert!(
        text.contains("begins after") && text.contains("everything up to"),
        "{text}"
    );
}
