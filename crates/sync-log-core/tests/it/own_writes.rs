//! An app changes its own tables, within what its database allows, while changes of other devices
//! arrive: the tables show what follows from the versions all the time (`X6`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;
use sync_log_core::judge::EntryFault;
use sync_log_core::receive::{Need, RecordId, Standing, WriteError, merge, write};
use sync_log_core::{
    Change, ChangeType, Clock, Hlc, JsonText, MAX_DATA_BYTES, MAX_PAGE_ENTRIES, ManualClock,
    SharedChangeEntry, Uuid,
};

use crate::common::oracle::Oracle;
use crate::common::run;
use crate::common::tables::{App, Strict, facts};
use crate::showing::entry;

const THIS_DEVICE: Uuid = Uuid::from_u128(9);

/// Changes the tables as the app does, with the foreign keys of its schema. Returns whether the
/// database and the app let it.
fn change_row(rows: &mut BTreeMap<RecordId, JsonText>, change: &Change) -> bool {
    let id = RecordId::new(change.model_type.clone(), change.record_uuid);
    if change.change_type == ChangeType::Delete {
        return rows.contains_key(&id) && delete_row(rows, &id);
    }
    let facts_now = facts(&id, &change.data);
    let is_there = |to: &RecordId| rows.contains_key(to) || *to == id;
    let dangles = !facts_now.references.iter().all(|it| is_there(&it.to));
    let is_taken = rows.iter().any(|(other, row)| {
        let is_other = other.model_type == id.model_type && *other != id;
        is_other
            && facts(other, row)
                .keys
                .iter()
                .any(|key| facts_now.keys.contains(key))
    });
    if dangles || is_taken || change.data.as_str().contains('?') {
        return false;
    }
    rows.insert(id, change.data.clone());
    true
}

/// A row that another one must refer to stays. Rows that follow it are deleted with it, through however
/// many, and those that may refer to it lose the reference, as `ON DELETE` says, before the log knows.
fn delete_row(rows: &mut BTreeMap<RecordId, JsonText>, id: &RecordId) -> bool {
    let mut after = rows.clone();
    let mut leaving = vec![id.clone()];
    while let Some(gone) = leaving.pop() {
        after.remove(&gone);
        for (other, row) in &after.clone() {
            for reference in facts(other, row).references {
                match reference.need {
                    _ if reference.to != gone => {}
                    Need::Must => return false,
                    Need::Follows => leaving.push(other.clone()),
                    Need::May => {
                        after.insert(other.clone(), without(row, &[reference.member]));
                    }
                }
            }
        }
    }
    *rows = after;
    true
}

fn without(row: &JsonText, members: &[String]) -> JsonText {
    let mut value: Value = row.parse_as().unwrap();
    for member in members {
        value[member] = Value::Null;
    }
    value.into()
}

/// What the rows are to hold.
fn expected(so_far: &[SharedChangeEntry]) -> BTreeMap<RecordId, Value> {
    let oracle = Oracle::of(so_far);
    let standings = oracle.standings().into_iter();
    let rows = standings.filter_map(|(id, standing)| match standing {
        Standing::Shown { emptied } => {
            let row = without(&oracle.winners[&id].data, &emptied);
            Some((id, row.parse_as().unwrap()))
        }
        Standing::Deleted | Standing::NotShown(_) => None,
    });
    rows.collect()
}

fn rows(tables: &Strict) -> BTreeMap<RecordId, Value> {
    let rows = tables.tables.0.iter();
    rows.map(|(id, row)| (id.clone(), row.parse_as().unwrap()))
        .collect()
}

/// The member that may refer to another record.
fn may_refer(model_type: &str) -> Option<&'static str> {
    match model_type {
        "album" => Some("cover"),
        "photo" => Some("tag"),
        _ => None,
    }
}

/// The change that an app makes which has read the row, and leaves the reference in it as it is.
fn edit(entry: &SharedChangeEntry, row: &JsonText) -> Change {
    let mut data: Value = entry.data.parse_as().unwrap();
    let row: Value = row.parse_as().unwrap();
    if let Some(member) = may_refer(&entry.model_type) {
        data[member] = row[member].clone();
    }
    Change::update(entry.model_type.as_str(), entry.record_uuid, &data).unwrap()
}

/// The reference that the highest change of a record has, whether it is shown or not.
fn reference(so_far: &[SharedChangeEntry], id: &RecordId) -> Option<Value> {
    let member = may_refer(&id.model_type)?;
    let data: Value = Oracle::of(so_far).winners[id].data.parse_as().unwrap();
    Some(data[member].clone())
}

proptest! {
    /// Some own changes are written together, as one group.
    #[test]
    fn own_writes_and_arrivals_show_what_follows_from_the_versions(
        steps in proptest::collection::vec(
            (entry(), any::<bool>(), any::<bool>(), any::<bool>()),
            1..60,
        ),
    ) {
        let clock = Clock::new(THIS_DEVICE, ManualClock::new(0));
        let mut tables = Strict::default();
        let mut so_far: Vec<SharedChangeEntry> = Vec::new();
        let mut group: Vec<Change> = Vec::new();
        let last = steps.len() - 1;
        for (number, (entry, is_own, is_edit, goes_on)) in steps.into_iter().enumerate() {
            if !is_own {
                // Now and then it is newer than what this device wrote.
                let late = if number % 3 == 0 { number as u64 } else { 0 };
                let hlc = entry.hlc;
                let entry = SharedChangeEntry {
                    hlc: Hlc::new(hlc.timestamp + late, hlc.counter, hlc.device_id),
                    ..entry
                };
                write_group(&mut tables, &clock, &mut group, &mut so_far)?;
                tables.take(std::slice::from_ref(&entry));
                tables.observed = tables.observed.max(Some(entry.hlc));
                so_far.push(entry);
            } else {
                let is_end = !goes_on || number == last;
                let id = RecordId::of(&entry);
                let row = tables.tables.0.get(&id).filter(|_| is_edit);
                let row = row.filter(|_| entry.change_type != ChangeType::Delete);
                let is_alone = group.is_empty() && is_end;
                let kept = row.filter(|_| is_alone).and_then(|_| reference(&so_far, &id));
                let change = row.map(|row| edit(&entry, row)).unwrap_or(Change {
                    model_type: entry.model_type,
                    record_uuid: entry.record_uuid,
                    change_type: entry.change_type,
                    data: entry.data,
                    model_version: 0,
                });
                if change_row(&mut tables.tables.0, &change) {
                    group.push(change);
                }
                if !is_end {
                    continue;
                }
                write_group(&mut tables, &clock, &mut group, &mut so_far)?;
                if kept.is_some() && so_far.last().map(RecordId::of) == Some(id.clone()) {
                    prop_assert_eq!(reference(&so_far, &id), kept);
                }
            }
            tables.refuse_dangling();
            prop_assert_eq!(tables.standings(), Oracle::of(&so_far).standings());
            prop_assert_eq!(rows(&tables), expected(&so_far));
        }
    }
}

/// Writes the changes that the app has made so far.
fn write_group(
    tables: &mut Strict,
    clock: &Clock<ManualClock>,
    group: &mut Vec<Change>,
    so_far: &mut Vec<SharedChangeEntry>,
) -> Result<(), TestCaseError> {
    let written = run(write(tables, &App, clock, &std::mem::take(group))).unwrap();
    let mut above = so_far.iter().map(|it| it.hlc).max();
    for entry in &written {
        prop_assert!(Some(entry.hlc) > above);
        above = Some(entry.hlc);
    }
    let ends = written.iter().filter(|entry| entry.group_end).count();
    prop_assert_eq!(ends, usize::from(!written.is_empty()));
    so_far.extend(written);
    Ok(())
}

fn tag(data: Value) -> Change {
    Change::update("tag", Uuid::from_u128(1), &data).unwrap()
}

/// Runs a test with a tag that a newer app of another device has written.
fn with_tag_of_a_newer_app(test: impl FnOnce(&mut Strict, &Clock<ManualClock>)) {
    let clock = Clock::new(THIS_DEVICE, ManualClock::new(0));
    let mut tables = Strict::default();
    let newer = tag(serde_json::json!({ "name": "Beach", "colour": "blue" }));
    let newer = newer.stamped(Hlc::new(7, 0, Uuid::from_u128(1)));
    run(merge(&mut tables, &App, &[newer])).unwrap();
    test(&mut tables, &clock);
}

#[test]
fn an_older_app_keeps_the_members_that_it_does_not_know() {
    with_tag_of_a_newer_app(|tables, clock| {
        let renamed = tag(serde_json::json!({ "name": "Sea" }));
        let written = run(write(tables, &App, clock, &[renamed])).unwrap();
        let data: Value = written[0].data.parse_as().unwrap();
        assert_eq!(data, serde_json::json!({ "name": "Sea", "colour": "blue" }));
        let deleted = Change::delete("tag", Uuid::from_u128(1));
        let last = run(write(tables, &App, clock, &[deleted])).unwrap();
        assert_eq!(last[0].data.as_str(), "null");
    });
}

#[test]
fn members_that_would_make_a_payload_too_large_are_left_out() {
    with_tag_of_a_newer_app(|tables, clock| {
        let frame = serde_json::json!({ "name": "" }).to_string().len();
        let largest = tag(serde_json::json!({ "name": "x".repeat(MAX_DATA_BYTES - frame) }));
        let written = run(write(tables, &App, clock, std::slice::from_ref(&largest))).unwrap();
        assert_eq!(written[0].data, largest.data);
    });
}

#[test]
fn changes_that_no_log_can_hold_are_refused_before_anything_is_written() {
    with_tag_of_a_newer_app(|tables, clock| {
        let before = tables.standings();
        let too_large = tag(serde_json::json!({ "name": "x".repeat(MAX_DATA_BYTES) }));
        let refused = run(write(tables, &App, clock, &[too_large])).unwrap_err();
        let fault = EntryFault::DataTooLarge;
        assert!(matches!(refused, WriteError::Content { fault: it, .. } if it == fault));
        let small = Change::delete("tag", Uuid::from_u128(1));
        let many = vec![small; MAX_PAGE_ENTRIES + 1];
        let too_many = run(write(tables, &App, clock, &many)).unwrap_err();
        assert!(matches!(too_many, WriteError::GroupTooLarge { .. }));
        let written = run(write(tables, &App, clock, &many[1..])).unwrap();
        let ends = written.iter().filter(|entry| entry.group_end);
        assert_eq!((written.len(), ends.count()), (MAX_PAGE_ENTRIES, 1));
        assert_ne!(tables.standings(), before);
    });
}

/// The row was shown on this device alone, and no longer once this device decided again.
#[test]
fn a_change_that_this_app_cannot_read_is_refused() {
    with_tag_of_a_newer_app(|tables, clock| {
        let before = tables.standings();
        let newer = tag(serde_json::json!({ "name": "x" })).model_version(1);
        let no_object = tag(serde_json::json!(7));
        for (unreadable, expected) in [
            (newer, "version 1 of its model is not registered"),
            (no_object, "it is no object"),
        ] {
            match run(write(tables, &App, clock, &[unreadable])).unwrap_err() {
                WriteError::Unreadable { reason, .. } => assert_eq!(reason, expected),
                other => panic!("{other}"),
            }
        }
        assert_eq!(tables.standings(), before);
        // A deletion has no content to read.
        let deleted = Change::delete("tag", Uuid::from_u128(1)).model_version(1);
        run(write(tables, &App, clock, &[deleted])).unwrap();
    });
}

/// The database empties the reference when the photo is deleted, and leaves it empty.
#[test]
fn a_reference_to_a_record_that_is_deleted_and_inserted_again_in_one_write_is_shown() {
    let clock = Clock::new(THIS_DEVICE, ManualClock::new(0));
    let mut tables = Strict::default();
    let [album, photo] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let first = Change::insert("album", album, &serde_json::json!({})).unwrap();
    let taken = Change::insert("photo", photo, &serde_json::json!({ "album": album })).unwrap();
    let cover = Change::update("album", album, &serde_json::json!({ "cover": photo })).unwrap();
    let deleted = Change::delete("photo", photo);
    for changes in [&[first, taken.clone(), cover][..], &[deleted, taken]] {
        let changed = changes
            .iter()
            .filter(|it| change_row(&mut tables.tables.0, it));
        assert_eq!(changed.count(), changes.len());
        run(write(&mut tables, &App, &clock, changes)).unwrap();
    }
    let row = &tables.tables.0[&RecordId::new("album", album)];
    let row: Value = row.parse_as().unwrap();
    assert_eq!(row, serde_json::json!({ "cover": photo }));
}

/// The database deletes the rows of all four folders with the first one, and the app writes the row of the
/// second one again, elsewhere. So the others are not deleted with the first one.
#[test]
fn what_follows_a_row_that_is_deleted_with_another_and_written_again_is_shown() {
    let clock = Clock::new(THIS_DEVICE, ManualClock::new(0));
    let mut tables = Strict::default();
    let folder = |id, parent: Option<u128>| {
        let data = serde_json::json!({ "parent": parent.map(number) });
        Change::update("folder", number(id), &data).unwrap()
    };
    let below = [folder(2, Some(1)), folder(3, Some(2)), folder(4, Some(3))];
    written(
        &mut tables,
        &clock,
        &[&[folder(1, None)], &below[..]].concat(),
    );
    let moved = [Change::delete("folder", number(1)), folder(2, None)];
    written(&mut tables, &clock, &moved);
    let expected = [folder(2, None), folder(3, Some(2)), folder(4, Some(3))];
    let expected = expected.map(|it| (RecordId::new("folder", it.record_uuid), it.data));
    assert_eq!(tables.tables.0, BTreeMap::from(expected));
}

/// Runs a test with a photo whose tag is not shown, because another one has the same name. The tags are 1
/// and 2, the albums 3 and 4, and the photo 5.
fn with_a_tag_that_is_shown_empty(test: impl FnOnce(&mut Strict, &Clock<ManualClock>)) {
    let clock = Clock::new(THIS_DEVICE, ManualClock::new(0));
    let mut tables = Strict::default();
    let tag = |number| Change::insert("tag", number, &serde_json::json!({ "name": "red" }));
    let album = |number| Change::insert("album", number, &serde_json::json!({ "cover": null }));
    let photo = serde_json::json!({ "album": number(3), "tag": number(2) });
    let photo = Change::insert("photo", number(5), &photo);
    let changes = [
        tag(number(1)),
        tag(number(2)),
        album(number(3)),
        album(number(4)),
        photo,
    ];
    for (ms, change) in (1..).zip(changes) {
        tables.take(&[change.unwrap().stamped(Hlc::new(ms, 0, number(1)))]);
    }
    assert_eq!(tag_of_photo(&tables), Value::Null);
    test(&mut tables, &clock);
}

fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn tag_of_photo(tables: &Strict) -> Value {
    let row = &tables.tables.0[&RecordId::new("photo", number(5))];
    row.parse_as::<Value>().unwrap()["tag"].take()
}

fn photo_in(album: u128, tag: Option<u128>) -> Change {
    let data = serde_json::json!({ "album": number(album), "tag": tag.map(number) });
    Change::update("photo", number(5), &data).unwrap()
}

/// Makes the changes as the app does, in one write, and returns the entries.
fn written(
    tables: &mut Strict,
    clock: &Clock<ManualClock>,
    changes: &[Change],
) -> Vec<SharedChangeEntry> {
    for change in changes {
        assert!(change_row(&mut tables.tables.0, change), "{change:?}");
    }
    run(write(tables, &App, clock, changes)).unwrap()
}

#[test]
fn an_update_of_another_member_keeps_a_reference_that_is_only_shown_empty() {
    with_a_tag_that_is_shown_empty(|tables, clock| {
        let moved = photo_in(4, None);
        let entries = written(tables, clock, &[moved.clone(), moved]);
        for entry in entries {
            let data: Value = entry.data.parse_as().unwrap();
            assert_eq!(
                data,
                serde_json::json!({ "album": number(4), "tag": number(2) })
            );
        }
        assert_eq!(tag_of_photo(tables), Value::Null);
        written(tables, clock, &[Change::delete("tag", number(1))]);
        assert_eq!(tag_of_photo(tables), serde_json::json!(number(2)));
    });
}

#[test]
fn a_reference_that_is_shown_empty_is_shown_by_the_write_that_shows_the_other_record() {
    with_a_tag_that_is_shown_empty(|tables, clock| {
        written(
            tables,
            clock,
            &[photo_in(4, None), Change::delete("tag", number(1))],
        );
        assert_eq!(tag_of_photo(tables), serde_json::json!(number(2)));
    });
}

#[test]
fn a_reference_that_the_app_sets_or_inserts_replaces_the_one_that_is_shown_empty() {
    let photo = |change: Change| Change {
        change_type: ChangeType::Insert,
        ..change
    };
    let replacing = [
        vec![photo_in(3, Some(1)), photo_in(3, None)],
        vec![
            Change::delete("photo", number(5)),
            photo(photo_in(3, None)),
            photo_in(4, None),
        ],
    ];
    for changes in replacing {
        with_a_tag_that_is_shown_empty(|tables, clock| {
            let entries = written(tables, clock, &changes);
            let last: Value = entries.last().unwrap().data.parse_as().unwrap();
            assert_eq!(last["tag"], Value::Null);
            written(tables, clock, &[Change::delete("tag", number(1))]);
            assert_eq!(tag_of_photo(tables), Value::Null);
        });
    }
}
