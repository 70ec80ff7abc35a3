//! Whatever is done to entries or tags behind a log, the chain breaks there, or does not end
//! where it ended (`R4`).

use proptest::prelude::*;
use sync_log_core::{
    Altered, ChainFault, ChangeType, Cursor, FoundEntry, Hlc, JsonText, Mark, Page, Proof,
    SharedChangeEntry, Tag, Uuid, receive::arrival,
};

use crate::common::{DEVICE, LOG, entry};

/// Entries 1, 2, 3, …, each with its tag.
fn chain(entries: u64) -> Vec<FoundEntry> {
    let mut mark = Mark::ZERO;
    let found = (1..=entries).map(|number| {
        let entry = entry(number);
        mark = mark.then(&entry);
        FoundEntry {
            entry,
            tag: Some(mark.tag),
        }
    });
    found.collect()
}

fn prove(found: &[FoundEntry]) -> Result<Mark, Altered> {
    let mut proof = Proof::after(Mark::ZERO);
    for row in found {
        proof.take(&row.entry, row.tag)?;
    }
    Ok(proof.reached())
}

/// Something that another program does to the entry at a place, or to what is around it.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Remove,
    Repeat,
    Swap,
    NoTag,
    OtherTag(u8),
    Content(u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Remove),
        Just(Damage::Repeat),
        Just(Damage::Swap),
        Just(Damage::NoTag),
        (0..16_u8).prop_map(Damage::OtherTag),
        (0..7_u8).prop_map(Damage::Content),
    ]
}

fn apply(damage: Damage, found: &mut Vec<FoundEntry>, at: usize) {
    let last = found.len() - 1;
    match damage {
        Damage::Remove => drop(found.remove(at)),
        Damage::Repeat => found.insert(at, found[at].clone()),
        Damage::Swap => found.swap(at, if at == last { 0 } else { last }),
        Damage::NoTag => found[at].tag = None,
        Damage::OtherTag(byte) => {
            let mut bytes = found[at].tag.unwrap().to_bytes();
            bytes[usize::from(byte)] ^= 1;
            found[at].tag = Some(Tag::from_bytes(bytes));
        }
        Damage::Content(field) => rewrite(&mut found[at].entry, field),
    }
}

/// Changes one of the seven fields.
fn rewrite(entry: &mut SharedChangeEntry, field: u8) {
    match field {
        0 => entry.hlc.counter += 1,
        1 => entry.model_type.push('s'),
        2 => entry.record_uuid = Uuid::from_u128(entry.record_uuid.as_u128() + 1),
        3 => entry.change_type = ChangeType::Delete,
        4 => entry.data = JsonText::new("{ }").unwrap(),
        5 => entry.model_version += 1,
        _ => entry.group_end = !entry.group_end,
    }
}

proptest! {
    #[test]
    fn no_damage_is_passed_over(entries in 2..40_u64, at in any::<prop::sample::Index>(), damage in damage()) {
        let whole = chain(entries);
        let end = prove(&whole).unwrap();
        let mut damaged = whole.clone();
        apply(damage, &mut damaged, at.index(whole.len()));
        // What is missing at the end breaks nothing; the chain ends too early.
        let is_passed_over = prove(&damaged) == Ok(end);
        prop_assert!(!is_passed_over);
    }

    /// The tags are the origin's, so a bringer can only lose, change or reorder entries.
    #[test]
    fn a_receiver_finds_what_was_done_to_a_page_on_its_way(
        entries in 2..40_u64,
        at in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        let whole = chain(entries);
        let end = prove(&whole).unwrap();
        let page = |found: &[FoundEntry]| Page {
            after: Cursor::ZERO,
            entries: found.iter().map(|found| found.entry.clone()).collect(),
            next: Cursor::new(LOG, end.hlc, end.tag).unwrap(),
            head: end.hlc,
            floor: Hlc::ZERO,
            more: false,
        };
        let take = |arrived: &Page| arrival(DEVICE.into(), Cursor::ZERO, arrived).map(drop);
        prop_assert_eq!(take(&page(&whole)), Ok(()));
        if !matches!(damage, Damage::NoTag | Damage::OtherTag(_)) {
            let mut damaged = whole.clone();
            apply(damage, &mut damaged, at.index(whole.len()));
            prop_assert!(take(&page(&damaged)).is_err());
        }
    }
}

#[test]
fn where_it_breaks_is_named() {
    let broken = |change: fn(&mut Vec<FoundEntry>)| {
        let mut found = chain(3);
        change(&mut found);
        let altered = prove(&found).unwrap_err();
        (altered.hlc.timestamp, altered.fault)
    };
    assert_eq!(broken(|found| found[1].tag = None), (2, ChainFault::NoTag));
    assert_eq!(
        broken(|found| drop(found.remove(1))),
        (3, ChainFault::OtherTag)
    );
    assert_eq!(broken(|found| found.swap(0, 1)), (2, ChainFault::OtherTag));
    assert_eq!(
        broken(|found| found.push(found[2].clone())),
        (3, ChainFault::OutOfOrder)
    );
    let mut proof = Proof::after(Mark::ZERO);
    let first = chain(1).remove(0);
    proof.take(&first.entry, first.tag).unwrap();
    let early = proof.end_at(entry(2).hlc).unwrap_err();
    assert_eq!(
        (early.hlc, early.fault),
        (entry(1).hlc, ChainFault::Missing)
    );
}
