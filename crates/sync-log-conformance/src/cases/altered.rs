//! Stored entries are compared with the chain of tags before they are served or deleted (`R4`).

use sync_log_core::{
    Ack, Altered, Cause, ChainFault, Cursor, ErrorKind, Hlc, JsonText, LogError, ReadLimits,
    Remedy, SharedChangeEntry, Tag,
};

use crate::damage::Damage;
use crate::harness::Tampering;
use crate::rig::{Log, Rig};
use crate::sample::{change, entry, just_above, other_tag, own_after, peer};

const COUNT: usize = 6;
/// The first entry, one in the middle, and the last.
const PLACES: [usize; 3] = [0, 3, COUNT - 1];

/// What is damaged: the entries as they were written, and their tags.
struct Written {
    /// Another handle, which was open before.
    other: Log,
    entries: Vec<SharedChangeEntry>,
    tags: Vec<Tag>,
}

impl Written {
    fn stamp(&self, position: usize) -> Hlc {
        self.entries[position].hlc
    }
}

/// A log of which peer 1 has acknowledged all, before anything was damaged.
async fn written<H: Tampering>(rig: &Rig<H>) -> (Log, Written) {
    let log = rig.open_with_peers(1).await;
    for number in 0..COUNT {
        log.record(change(number)).await.unwrap();
        rig.wall.advance_ms(10);
    }
    let head = log.head().await.unwrap();
    log.record_ack(peer(1), head).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    let snapshot = log.snapshot().await;
    let (entries, tags) = (snapshot.entries, snapshot.tags);
    let written = Written {
        other: rig.open().await,
        entries,
        tags: tags.into_iter().map(Option::unwrap).collect(),
    };
    (log, written)
}

/// Makes `call`, which must find the damage, and returns the error.
fn is_found<T: std::fmt::Debug>(found: Result<T, LogError>, damage: &Damage) -> Altered {
    let error = found.expect_err("R4: the damage was not found");
    assert_eq!(error.kind(), ErrorKind::Reopen, "R4");
    let LogError::Altered(altered) = error else {
        panic!("R4: {damage:?}: {error:?}");
    };
    altered
}

/// With pages of any size, the page that reaches the damage is refused. The pages before it
/// hold exactly the entries that were written before the damage.
async fn is_found_by_reading<H: Tampering>(damage: impl Fn(&Written) -> Damage) {
    for size in [1, 4, COUNT + 2] {
        let rig = Rig::<H>::new().await;
        let (log, written) = written(&rig).await;
        let damage = damage(&written);
        rig.storage.damage(damage.clone()).await;
        let (mut served, mut cursor) = (Vec::new(), Cursor::ZERO);
        let end = loop {
            let limits = ReadLimits::entries(size);
            match log.read_for(peer(2), cursor, limits).await {
                Ok(page) if page.entries.is_empty() => break Ok(()),
                Ok(page) => served.extend(page.entries),
                Err(error) => break Err(error),
            }
            cursor = log_cursor(&log, &written, served.len());
        };
        let altered = is_found(end, &damage);
        let before = &written.entries[..served.len()];
        assert_eq!(served, before, "R4: {damage:?}: pages of {size}");
        is_refused_from_now_on(&log, &written, altered).await;
    }
    let rig = Rig::<H>::new().await;
    let (log, written) = written(&rig).await;
    let damage = damage(&written);
    rig.storage.damage(damage.clone()).await;
    let altered = is_found(log.get_since(None, COUNT + 2).await, &damage);
    is_refused_from_now_on(&log, &written, altered).await;
}

/// The cursor of a reader that was served this many entries, as they were written.
fn log_cursor(log: &Log, written: &Written, served: usize) -> Cursor {
    let last = served - 1;
    let log_id = log.identity().log_id;
    Cursor::new(log_id, written.stamp(last), written.tags[last]).unwrap()
}

/// The finding is stored: every open handle refuses every call, until the log is opened again and
/// adopts the rows that are there, where it can.
async fn is_refused_from_now_on(log: &Log, written: &Written, altered: Altered) {
    let cursor = log_cursor(log, written, 1);
    for handle in [log, &written.other] {
        every_call_is_refused(handle, cursor, altered).await;
    }
}

/// Every call that serves, adds or deletes, on a log that peer 1 may read and in which `cursor`
/// is valid.
async fn every_call_is_refused(log: &Log, cursor: Cursor, altered: Altered) {
    let (hlc, refusal) = (cursor.hlc(), || LogError::Altered(altered));
    let entry = change(7).stamped(own_after(log.head().await.unwrap(), 1));
    let page = log.read_for(peer(1), cursor, ReadLimits::default());
    log.refuses("I4", refusal(), page).await;
    log.refuses("I4", refusal(), log.get_since(None, 9)).await;
    log.refuses("I4", refusal(), log.head_cursor()).await;
    log.refuses("I4", refusal(), log.record(change(3))).await;
    log.refuses("I4", refusal(), log.record_each(vec![change(3)]))
        .await;
    log.refuses("I4", refusal(), log.append(entry)).await;
    log.refuses("I4", refusal(), log.tick()).await;
    log.refuses("I4", refusal(), log.record_ack(peer(1), hlc))
        .await;
    log.refuses_ack("I4", Ack::new(peer(1), cursor), refusal())
        .await;
    log.refuses("I4", refusal(), log.prune_acked()).await;
    log.refuses("I4", refusal(), log.register_peer(peer(9)))
        .await;
    log.refuses("I4", refusal(), log.retire(peer(1))).await;
    log.refuses("I4", refusal(), log.observe_all(&[hlc])).await;
}

/// A prune that would delete past the damage deletes nothing.
async fn is_found_by_pruning<H: Tampering>(damage: impl Fn(&Written) -> Damage) {
    let rig = Rig::<H>::new().await;
    let (log, written) = written(&rig).await;
    log.retire(peer(2)).await.unwrap();
    let damage = damage(&written);
    rig.storage.damage(damage.clone()).await;
    let (retained, floor) = (rig.storage.retained().await, log.floor().await.unwrap());
    let altered = is_found(log.prune_acked().await, &damage);
    assert_eq!(rig.storage.retained().await, retained, "R4: {damage:?}");
    assert_eq!(log.floor().await.unwrap(), floor, "R4: {damage:?}");
    is_refused_from_now_on(&log, &written, altered).await;
}

fn changed(written: &Written, position: usize) -> Damage {
    let data = JsonText::new("\"changed\"").unwrap();
    Damage::DataChanged(written.stamp(position), data)
}

/// An entry that this program did not write, directly above another.
fn inserted_after(written: &Written, position: usize) -> Damage {
    Damage::Inserted(entry(just_above(written.stamp(position)), 77))
}

/// Its data was changed: the tag is that of another entry.
pub async fn a_changed_entry_is_not_served<H: Tampering>() {
    for position in PLACES {
        is_found_by_reading::<H>(|written| changed(written, position)).await;
    }
}

/// A deleted entry at the front, in the middle and at the end is detected, whether its tag was
/// deleted with it or not. No read continues past the hole.
pub async fn nobody_is_led_past_a_deleted_entry<H: Tampering>() {
    for position in PLACES {
        is_found_by_reading::<H>(|written| Damage::EntryDeleted(written.stamp(position))).await;
        let both = |written: &Written| Damage::EntryAndTagDeleted(written.stamp(position));
        is_found_by_reading::<H>(both).await;
    }
}

/// An emptied log is not a log that never had entries.
pub async fn a_log_of_which_everything_was_deleted_is_not_empty<H: Tampering>() {
    is_found_by_reading::<H>(|_| Damage::AllDeleted).await;
}

/// Another program's entry has no tag, wherever it is.
pub async fn an_inserted_entry_is_not_served<H: Tampering>() {
    for position in PLACES {
        is_found_by_reading::<H>(|written| inserted_after(written, position)).await;
    }
}

/// Another tag is as wrong as another entry.
pub async fn an_entry_with_another_tag_is_not_served<H: Tampering>() {
    for position in PLACES {
        let retagged = |written: &Written| {
            Damage::TagChanged(written.stamp(position), other_tag(written.tags[position]))
        };
        is_found_by_reading::<H>(retagged).await;
    }
}

/// Any program may have written an entry without a tag.
pub async fn an_entry_that_lost_its_tag_is_not_served<H: Tampering>() {
    for position in PLACES {
        is_found_by_reading::<H>(|written| Damage::TagDeleted(written.stamp(position))).await;
    }
}

/// A prune proves the entries that it deletes, as a page proves the entries that it serves.
pub async fn a_prune_over_a_broken_chain_deletes_nothing<H: Tampering>() {
    for position in PLACES {
        is_found_by_pruning::<H>(|written| changed(written, position)).await;
        is_found_by_pruning::<H>(|written| Damage::TagDeleted(written.stamp(position))).await;
        let retagged = |written: &Written| {
            Damage::TagChanged(written.stamp(position), other_tag(written.tags[position]))
        };
        is_found_by_pruning::<H>(retagged).await;
    }
    // What lies above the last entry that goes is none of a prune's business.
    for position in [0, 3] {
        is_found_by_pruning::<H>(|written| inserted_after(written, position)).await;
        is_found_by_pruning::<H>(|written| Damage::EntryDeleted(written.stamp(position))).await;
        let both = |written: &Written| Damage::EntryAndTagDeleted(written.stamp(position));
        is_found_by_pruning::<H>(both).await;
    }
}

/// An entry that every peer has comes back below the floor, as from a backup of that table
/// alone: the owner is not shown it, and it is not deleted as if it were one of the log's.
pub async fn an_entry_that_comes_back_below_the_floor_is_found<H: Tampering>() {
    for prunes in [false, true] {
        let rig = Rig::<H>::new().await;
        let (log, written) = written(&rig).await;
        log.retire(peer(2)).await.unwrap();
        log.prune_acked().await.unwrap();
        let stamp = log.record(change(9)).await.unwrap();
        log.record_ack(peer(1), stamp).await.unwrap();
        let damage = Damage::Inserted(written.entries[2].clone());
        rig.storage.damage(damage.clone()).await;
        let found = if prunes {
            log.prune_acked().await.map(drop)
        } else {
            log.get_since(None, 9).await.map(drop)
        };
        is_found(found, &damage);
    }
}

/// The tag says that the entry was written, so it must not be stamped and written again.
pub async fn a_retry_of_an_entry_that_was_deleted_is_altered<H: Tampering>() {
    for position in PLACES {
        let rig = Rig::<H>::new().await;
        let (log, written) = written(&rig).await;
        let damage = Damage::EntryDeleted(written.stamp(position));
        rig.storage.damage(damage.clone()).await;
        let again = written.entries[position].clone();
        let altered = is_found(log.append(again).await, &damage);
        is_refused_from_now_on(&log, &written, altered).await;
    }
}

/// Every call reports the first finding from then on, including `explain` and `status`, whatever
/// else is damaged by then.
pub async fn once_damage_was_found_every_call_answers_the_same<H: Tampering>(rig: Rig<H>) {
    let (log, written) = written(&rig).await;
    let first = Damage::TagDeleted(written.stamp(3));
    rig.storage.damage(first.clone()).await;
    let altered = is_found(log.get_since(None, COUNT).await, &first);
    let (hlc, fault) = (written.stamp(3), ChainFault::NoTag);
    assert_eq!(altered, Altered { hlc, fault }, "I4");
    rig.storage.damage(changed(&written, 0)).await;
    is_refused_from_now_on(&log, &written, altered).await;
    assert_eq!(log.status().await.unwrap().altered, Some(altered), "I4");
    let reasons = log.explain().await.unwrap().reasons;
    let named = reasons
        .iter()
        .find(|reason| reason.cause == Cause::Altered(altered));
    let named = named.unwrap_or_else(|| panic!("P7: {reasons:?}"));
    assert_eq!(named.lag_entries, COUNT as u64, "P7");
    assert_eq!(named.remedy, Some(Remedy::Reopen), "P7");
}

/// Another program deleted the newest entry: no reader is led past the hole.
pub async fn a_missing_newest_entry_is_an_error_not_an_end<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(2).await;
    let at_first = log.cursor_at(stamps[0]).await;
    rig.storage.damage(Damage::EntryDeleted(stamps[1])).await;
    let read = log.read_for(peer(1), at_first, ReadLimits::default());
    let told = read.await.expect_err("R2: no end");
    let missing = LogError::from(Altered {
        hlc: stamps[0],
        fault: ChainFault::Missing,
    });
    assert_eq!(format!("{told:?}"), format!("{missing:?}"), "R2");
}
