//! What an app's tables show is a function of the versions alone, whatever the order of arrival
//! (`X4`, `X6`).

use proptest::prelude::*;
use sync_log_core::receive::{RecordId, Standing, WhyNotShown};
use sync_log_core::{Change, ChangeType, Hlc, SharedChangeEntry, Uuid};

use crate::common::oracle::Oracle;
use crate::common::tables::Strict;

fn id(model: u8, number: u8) -> Uuid {
    Uuid::from_u128(u128::from(model) << 64 | u128::from(number))
}

/// A change of a small world, so that changes meet.
pub(crate) fn entry() -> impl Strategy<Value = SharedChangeEntry> {
    let stamp = (1..40u64, 1..4u128);
    let content = (0..8u8, 0..4u8, 0..3u8, 0..3u8, 0..12u8);
    (stamp, 0..5u8, 0..3u8, content).prop_map(|((ms, device), model, number, content)| {
        let (kind, one, other, name, newer) = content;
        let model_type = ["tag", "album", "photo", "link", "folder"][usize::from(model)];
        let colour = ["red", "blue", "green"][usize::from(name)];
        // The app refuses what has a question in it.
        let question = if kind == 3 { "?" } else { "fine" };
        let data = match model {
            0 => serde_json::json!({ "name": colour, "note": question }),
            1 => serde_json::json!({
                "title": question,
                "cover": (one < 3).then(|| id(2, one)),
            }),
            2 => serde_json::json!({
                "album": id(1, other),
                "tag": (one < 3).then(|| id(0, one)),
            }),
            3 => serde_json::json!({ "photo": id(2, other), "album": id(1, name) }),
            _ => serde_json::json!({
                "name": colour,
                "note": question,
                "parent": (one < 3).then(|| id(4, one)),
            }),
        };
        let change_type = match kind {
            0 | 1 => ChangeType::Delete,
            2 | 3 => ChangeType::Update,
            _ => ChangeType::Insert,
        };
        SharedChangeEntry {
            hlc: Hlc::new(
                ms,
                u64::from(model) * 4 + u64::from(number),
                Uuid::from_u128(device),
            ),
            model_type: model_type.to_owned(),
            record_uuid: id(model, number),
            change_type,
            data: if change_type == ChangeType::Delete {
                serde_json::Value::Null.into()
            } else {
                data.into()
            },
            model_version: u32::from(newer == 0),
            group_end: true,
        }
    })
}

fn arrivals() -> impl Strategy<Value = (Vec<SharedChangeEntry>, Vec<Vec<SharedChangeEntry>>)> {
    let entries = proptest::collection::vec(entry(), 1..40);
    let sizes = proptest::collection::vec(1..8usize, 1..60);
    (entries, sizes).prop_flat_map(|(entries, sizes)| {
        let twice = [entries.clone(), entries.clone()].concat();
        let shuffled = Just(twice).prop_shuffle();
        (Just(entries), shuffled, Just(sizes)).prop_map(|(entries, shuffled, sizes)| {
            let mut rest = shuffled.as_slice();
            let mut batches = Vec::new();
            for size in sizes.iter().cycle() {
                let (batch, after) = rest.split_at(rest.len().min(*size));
                batches.push(batch.to_vec());
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            (entries, batches)
        })
    })
}

proptest! {
    #[test]
    fn what_is_shown_follows_from_the_changes_and_not_from_their_order((_, batches) in arrivals()) {
        let mut tables = Strict::default();
        let mut so_far = Vec::new();
        for batch in batches {
            tables.take(&batch);
            so_far.extend(batch);
            prop_assert_eq!(tables.standings(), Oracle::of(&so_far).standings());
            let shown: Vec<_> = tables.tables.0.keys().cloned().collect();
            let standings = tables.standings();
            let to_be_shown = standings.iter().filter(|(_, standing)| standing.is_shown());
            let to_be_shown: Vec<_> = to_be_shown.map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(shown, to_be_shown);
        }
    }
}

/// A folder of one name, in the folder of this number if there is one.
fn folder(number: u8, name: &str, parent: Option<u8>) -> Change {
    let parent = parent.map(|parent| id(4, parent));
    let data = serde_json::json!({ "name": name, "parent": parent });
    Change::insert("folder", id(4, number), &data).unwrap()
}

#[test]
fn a_deletion_reaches_what_follows_the_deleted_record_through_however_many() {
    let stamped = |change: Change, ms| change.stamped(Hlc::new(ms, 0, Uuid::from_u128(1)));
    let entries = [
        stamped(folder(0, "root", None), 1),
        stamped(folder(1, "child", Some(0)), 2),
        stamped(folder(2, "grandchild", Some(1)), 3),
        stamped(Change::delete("folder", id(4, 0)), 4),
        stamped(folder(3, "grandchild", None), 5),
    ];
    let mut orders = vec![entries.to_vec(), entries.iter().rev().cloned().collect()];
    orders.push([&entries[3..], &entries[..3]].concat());
    for order in orders {
        let mut tables = Strict::default();
        for entry in &order {
            tables.take(std::slice::from_ref(entry));
        }
        let standing = |number| tables.standings()[&RecordId::new("folder", id(4, number))].clone();
        assert_eq!([0, 1, 2].map(standing), [const { Standing::Deleted }; 3]);
        assert!(
            standing(3).is_shown(),
            "the name is free: {:?}",
            standing(3)
        );
        assert_eq!(tables.tables.0.len(), 1);
    }
}

/// A folder in a deleted one is moved to another one, and back.
#[test]
fn what_follows_a_record_that_was_changed_after_a_deletion_is_kept_with_it() {
    let stamped = |change: Change, ms| change.stamped(Hlc::new(ms, 0, Uuid::from_u128(1)));
    let mut tables = Strict::default();
    tables.take(&[
        stamped(folder(0, "root", None), 1),
        stamped(folder(3, "other", None), 1),
        stamped(folder(1, "child", Some(0)), 2),
        stamped(folder(2, "grandchild", Some(1)), 3),
        stamped(Change::delete("folder", id(4, 0)), 4),
    ]);
    let shown = |of: &Strict| of.tables.0.len();
    assert_eq!(shown(&tables), 1);
    tables.take(&[stamped(folder(1, "child", Some(3)), 5)]);
    assert_eq!(shown(&tables), 3);
    tables.take(&[stamped(folder(1, "child", Some(0)), 6)]);
    assert_eq!(shown(&tables), 1);
    let child = RecordId::new("folder", id(4, 1));
    let missing = Standing::NotShown(WhyNotShown::MissingRecord(child));
    assert_eq!(
        tables.standings()[&RecordId::new("folder", id(4, 2))],
        missing
    );
}

/// Each of three links of a chain must refer to the next one, and one of them to a tag.
#[test]
fn records_that_refer_to_each_other_in_a_circle_are_shown_when_nothing_else_is_missing() {
    let link = |number: u8, tag: Option<Uuid>| {
        let next = id(5, (number + 1) % 3);
        Change::insert(
            "chain",
            id(5, number),
            &serde_json::json!({ "next": next, "tag": tag }),
        )
    };
    let stamped = |change: Change, ms| change.stamped(Hlc::new(ms, 0, Uuid::from_u128(1)));
    let mut tables = Strict::default();
    for number in 0..3 {
        let tag = (number == 1).then(|| id(0, 7));
        let change = link(number, tag).unwrap();
        tables.take(&[stamped(change, u64::from(number) + 1)]);
        assert!(tables.tables.0.is_empty(), "the tag is missing");
    }
    let tag = Change::insert("tag", id(0, 7), &serde_json::json!({ "name": "red" }));
    tables.take(&[stamped(tag.unwrap(), 9)]);
    assert!(tables.standings().values().all(Standing::is_shown));
    assert_eq!(tables.tables.0.len(), 4);
}
