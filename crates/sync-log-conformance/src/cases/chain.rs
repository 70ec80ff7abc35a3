//! A tag names everything up to its entry (`R4`).

use sync_log_core::receive::{Arrival, ReceiveError, arrival};
use sync_log_core::{
    Ack, ChangeType, Cursor, Hlc, JsonText, LogError, Page, ReadLimits, SharedChangeEntry, Uuid,
};

use crate::harness::Harness;
use crate::refusals::unknown_stamp;
use crate::rig::Rig;
use crate::sample::{DEVICE, change, entry, in_other_log, just_above, peer, retagged};

/// Tags do not depend on how entries were written: one by one, as a batch, or with restarts in
/// between.
pub async fn tags_follow_from_the_entries_alone<H: Harness>(rig: Rig<H>) {
    let one_by_one = rig.open().await;
    let stamps = one_by_one.record_one_by_one(4).await;
    let entries = one_by_one.snapshot().await.entries;
    let expected = one_by_one.cursor_at(stamps[3]).await;
    let other = Rig::<H>::new().await;
    let log = other.open().await;
    log.append_many(entries[..2].to_vec()).await.unwrap();
    let log = other.reopen(log).await;
    log.append_many(entries[2..].to_vec()).await.unwrap();
    for found in [&one_by_one, &log] {
        let head = found.head_cursor().await.unwrap();
        assert_eq!(head.mark(), expected.mark(), "R4");
    }
}

/// A tag is deleted with its entry: a pruned entry can neither be acknowledged nor counts as lost.
pub async fn the_tags_of_pruned_entries_are_deleted_with_them<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    let pruned = log.cursor_at(stamps[0]).await;
    let floor = stamps[1];
    log.on_ack(peer(1), floor).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    let hlc = pruned.hlc();
    let unknown = || unknown_stamp(peer(2), hlc);
    log.refuses_ack("K3", Ack::new(peer(2), pruned), unknown())
        .await;
    log.refuses("K3", unknown(), log.record_ack(peer(2), hlc))
        .await;
    let below = LogError::BelowFloor { hlc, floor };
    log.refuses("A1", below, log.append(entry(hlc, 0))).await;
}

/// Reads pages of two from the start.
async fn pages<H: Harness>(rig: &Rig<H>) -> Vec<Page> {
    let log = rig.open_with_peers(1).await;
    log.record_one_by_one(5).await;
    let (mut pages, mut cursor) = (Vec::new(), Cursor::ZERO);
    while pages.len() < 4 {
        let read = log.read_for(peer(1), cursor, ReadLimits::entries(2));
        let page = read.await.unwrap();
        cursor = page.next;
        pages.push(page);
    }
    pages
}

/// Every page is sound, including the empty one at the end.
pub async fn a_page_that_came_as_it_was_sent_is_sound<H: Harness>(rig: Rig<H>) {
    for page in pages(&rig).await {
        let arrived = take(page.after, &page).expect("R4: the page is sound");
        assert_eq!(arrived.entries, page.entries, "R4");
    }
}

/// A receiver detects an entry that was lost, changed, duplicated, inserted or moved, and a page
/// that does not follow the cursor that it was requested for.
pub async fn a_page_that_was_altered_on_the_way_is_found_out<H: Harness>(rig: Rig<H>) {
    let pages = pages(&rig).await;
    for page in &pages[..2] {
        for altered in alterations(page) {
            assert!(take(page.after, &altered).is_err(), "R4: {altered:?}");
        }
    }
    let page = &pages[1];
    let (lost, other_past) = (Cursor::ZERO, retagged(page.after));
    assert!(take(lost, page).is_err(), "R4: a page was lost");
    assert!(take(other_past, page).is_err(), "R4: another past");
    let other_log = in_other_log(page.after);
    assert!(take(other_log, page).is_err(), "R4: another log");
}

fn take(watermark: Cursor, page: &Page) -> Result<Arrival<'_>, ReceiveError> {
    arrival(DEVICE.into(), watermark, page)
}

/// The page with each of its entries altered in every way, and with another end.
fn alterations(page: &Page) -> Vec<Page> {
    let with = |alter: &dyn Fn(&mut Page)| {
        let mut altered = page.clone();
        alter(&mut altered);
        altered
    };
    let mut all = vec![
        with(&|it| it.next = retagged(it.next)),
        with(&|it| it.entries.swap(0, 1)),
        with(&|it| it.entries.clear()),
    ];
    for position in 0..page.entries.len() {
        let there = &page.entries[position];
        all.push(with(&|it| drop(it.entries.remove(position))));
        all.push(with(&|it| it.entries.insert(position, there.clone())));
        let above = change(9).stamped(just_above(there.hlc));
        all.push(with(&|it| it.entries.insert(position + 1, above.clone())));
        for other in others(there) {
            all.push(with(&|it| it.entries[position] = other.clone()));
        }
    }
    all
}

/// The entry with each of its fields changed.
fn others(entry: &SharedChangeEntry) -> Vec<SharedChangeEntry> {
    let with = |alter: fn(&mut SharedChangeEntry)| {
        let mut other = entry.clone();
        alter(&mut other);
        other
    };
    vec![
        with(|it| it.hlc = just_above(it.hlc)),
        with(|it| it.hlc = Hlc::ZERO),
        with(|it| it.model_type.push('s')),
        with(|it| it.record_uuid = Uuid::from_u128(0xbad)),
        with(|it| it.change_type = ChangeType::Delete),
        with(|it| it.data = JsonText::new(format!(" {}", it.data)).unwrap()),
        with(|it| it.model_version += 1),
        with(|it| it.group_end = !it.group_end),
    ]
}
