//! What an app's tables show is a function of the versions alone, whatever the order of arrival
//! (`X4`, `X6`).

use proptest::prelude::*;
use serde_json::{Value, json};
use sync_log_core::receive::{RecordId, Standing, WhyNotShown};
use sync_log_core::{Change, Hlc, SharedChangeEntry, Uuid};

use crate::common::oracle::Oracle;
use crate::common::small_world::{self, Draw, arrivals, id};
use crate::common::tables::{LACKS_A_MEMBER, Strict};

const MODELS: [&str; 5] = ["tag", "album", "photo", "link", "folder"];

/// The app refuses what has a question in it.
fn payload(model: u8, draw: Draw) -> Value {
    let colour = ["red", "blue", "green"][usize::from(draw.name)];
    let question = if draw.kind == 3 { "?" } else { "fine" };
    match model {
        0 => json!({ "name": colour, "note": question }),
        1 => json!({ "title": question, "cover": draw.reference(2) }),
        2 => draw.photo(),
        3 => draw.link(),
        _ => json!({ "name": colour, "note": question, "parent": draw.reference(4) }),
    }
}

/// As [`payload`], but some records need a reference that others may lack.
fn needing_payload(model: u8, draw: Draw) -> Value {
    let (member, is_needed) = match model {
        1 => ("cover", draw.kind == 4),
        _ => ("tag", draw.name == 1),
    };
    let mut payload = payload(model, draw);
    if is_needed && payload.get(member).is_some_and(Value::is_string) {
        payload["needs"] = json!(member);
    }
    payload
}

/// A change of a small world.
pub(crate) fn entry() -> impl Strategy<Value = SharedChangeEntry> {
    small_world::entry(&MODELS, payload)
}

/// The same, of an app that refuses some records without a reference that others may lack.
pub(crate) fn needing_entry() -> impl Strategy<Value = SharedChangeEntry> {
    small_world::entry(&MODELS, needing_payload)
}

proptest! {
    #[test]
    fn what_is_shown_follows_from_the_changes_and_not_from_their_order(batches in arrivals(needing_entry(), 8)) {
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
    let data = json!({ "name": name, "parent": parent });
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
        Change::insert("chain", id(5, number), &json!({ "next": next, "tag": tag }))
    };
    let stamped = |change: Change, ms| change.stamped(Hlc::new(ms, 0, Uuid::from_u128(1)));
    let mut tables = Strict::default();
    for number in 0..3 {
        let tag = (number == 1).then(|| id(0, 7));
        let change = link(number, tag).unwrap();
        tables.take(&[stamped(change, u64::from(number) + 1)]);
        assert!(tables.tables.0.is_empty(), "the tag is missing");
    }
    let tag = Change::insert("tag", id(0, 7), &json!({ "name": "red" }));
    tables.take(&[stamped(tag.unwrap(), 9)]);
    assert!(tables.standings().values().all(Standing::is_shown));
    assert_eq!(tables.tables.0.len(), 4);
}

/// The emptied row was tried again and again, and the call did not return.
#[test]
fn a_row_that_cannot_be_emptied_is_hidden_before_the_row_to_which_it_refers() {
    let stamped = |change: Change, ms| change.stamped(Hlc::new(ms, 0, Uuid::from_u128(1)));
    let save = |model, id, data: Value| Change::insert(model, id, &data).unwrap();
    let tagged = json!({ "album": id(1, 0), "tag": id(0, 0), "needs": "tag" });
    let tag = || save("tag", id(0, 0), json!({ "name": "red" }));
    let mut tables = Strict::default();
    tables.take(&[
        stamped(tag(), 1),
        stamped(save("album", id(1, 0), json!({})), 2),
        stamped(save("photo", id(2, 0), tagged), 3),
    ]);
    let photo = RecordId::new("photo", id(2, 0));
    assert!(tables.standings()[&photo].is_shown());

    tables.take(&[stamped(Change::delete("tag", id(0, 0)), 4)]);
    let refused = WhyNotShown::Refused(LACKS_A_MEMBER.to_owned());
    assert_eq!(tables.standings()[&photo], Standing::NotShown(refused));
    assert_eq!(tables.tables.0.len(), 1, "the album alone has a row");

    tables.take(&[stamped(tag(), 5)]);
    assert!(tables.standings()[&photo].is_shown());
}

/// The second album and its cover are a circle, which the first album enters at the cover.
#[test]
fn of_a_circle_the_row_that_cannot_be_emptied_is_hidden_first() {
    let covered = json!({ "cover": id(2, 0), "needs": "cover" });
    let album = |number| Change::insert("album", id(1, number), &covered);
    let photo = Change::insert("photo", id(2, 0), &json!({ "album": id(1, 1) }));
    let deleted = Ok(Change::delete("photo", id(2, 0)));
    let changes = [album(0), album(1), photo, deleted].map(Result::unwrap);
    let stamped = (1..).zip(changes);
    let stamped = stamped.map(|(ms, it)| it.stamped(Hlc::new(ms, 0, Uuid::from_u128(1))));
    let entries: Vec<_> = stamped.collect();
    let (made, gone) = entries.split_at(3);
    let mut tables = Strict::default();
    tables.take(made);
    assert_eq!(tables.tables.0.len(), 3);
    tables.take(gone);
    assert_eq!(tables.tables.0.len(), 0);
}
