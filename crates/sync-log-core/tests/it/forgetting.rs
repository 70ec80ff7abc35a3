//! A deletion is forgotten when nothing hangs on it any more (`X4`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use sync_log_core::receive::{
    Models, ReceiverStore as _, RecordId, Standing, forget_deleted, merge,
};
use sync_log_core::{
    Change, ChangeType, Cursor, DeviceId, Hlc, MAX_PAGE_ENTRIES, SharedChangeEntry, Tag, Uuid,
};

use crate::common::oracle::Oracle;
use crate::common::records::{MemoryRecords, Rows};
use crate::common::run;
use crate::common::tables::{App, ByMember, PerField, Strict};
use crate::showing::needing_entry;

pub(crate) type Records = MemoryRecords<Rows>;

const ORIGINS: [DeviceId; 2] = [
    DeviceId::from_uuid(Uuid::from_u128(1)),
    DeviceId::from_uuid(Uuid::from_u128(2)),
];

/// The stamps of the history are below.
const PAST_MS: u64 = 100;

fn reach(tables: &mut Strict, origin: DeviceId, ms: u64) {
    let cursor = Cursor::new(
        origin.as_uuid(),
        Hlc::new(ms, 0, origin.as_uuid()),
        Tag::ZERO,
    );
    tables.watermarks.insert(origin, cursor.unwrap());
}

fn remembered(standings: &BTreeMap<RecordId, Standing>) -> usize {
    let deleted = standings.values().filter(|it| **it == Standing::Deleted);
    deleted.count()
}

pub(crate) fn live(mut standings: BTreeMap<RecordId, Standing>) -> BTreeMap<RecordId, Standing> {
    standings.retain(|_, standing| *standing != Standing::Deleted);
    standings
}

/// A change that the app can read.
pub(crate) fn readable() -> impl Strategy<Value = SharedChangeEntry> {
    needing_entry().prop_map(|entry| SharedChangeEntry {
        model_version: 0,
        ..entry
    })
}

/// A change of a record that no record follows through another one.
fn of_no_folder() -> impl Strategy<Value = SharedChangeEntry> {
    readable().prop_filter("a folder", |entry| entry.model_type != "folder")
}

/// The link follows the album, as a later version of the app will see.
#[test]
fn nothing_is_forgotten_while_a_record_cannot_be_read() {
    let stamp = |ms| Hlc::new(ms, 0, ORIGINS[0].as_uuid());
    let album = Change::delete("album", Uuid::from_u128(1)).stamped(stamp(2));
    let link = Change::insert("link", Uuid::from_u128(2), &serde_json::json!({}));
    let link = link.unwrap().model_version(1).stamped(stamp(1));
    let mut tables = Strict::default();
    tables.take(&[link.clone(), album]);
    reach(&mut tables, ORIGINS[0], PAST_MS);
    let forget = |from: &mut Strict| run(forget_deleted(from, &App, &ORIGINS[..1])).unwrap();
    assert_eq!(forget(&mut tables), 0);
    let deleted = Change::delete("link", link.record_uuid).stamped(stamp(3));
    tables.take(&[deleted]);
    assert_eq!(forget(&mut tables), 2);
}

proptest! {
    #[test]
    fn what_is_shown_does_not_depend_on_deletions_that_every_origin_is_past(
        history in proptest::collection::vec(of_no_folder(), 1..40),
        later in proptest::collection::vec(needing_entry(), 1..20),
    ) {
        let mut tables = Strict::default();
        tables.take(&history);
        for origin in ORIGINS {
            reach(&mut tables, origin, PAST_MS);
        }
        // The deletion of an album stays while a link that was changed later follows it.
        let followed = Oracle::of(&history).followed();
        let deleted = remembered(&tables.standings());
        let mut standings = tables.standings();
        standings.retain(|id, _| followed.contains(id));
        let kept = remembered(&standings);
        let forgotten = run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap();
        prop_assert_eq!(forgotten, deleted - kept);
        prop_assert_eq!(run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap(), 0);
        prop_assert_eq!(remembered(&tables.standings()), kept);

        let mut so_far = history;
        for entry in later {
            let hlc = entry.hlc;
            let late = SharedChangeEntry {
                hlc: Hlc::new(hlc.timestamp + PAST_MS, hlc.counter, hlc.device_id),
                ..entry
            };
            tables.take(std::slice::from_ref(&late));
            so_far.push(late);
            let expected = live(Oracle::of(&so_far).standings());
            prop_assert_eq!(live(tables.standings()), expected);
        }
    }
}

/// Changes in rounds, each with higher stamps than the one before.
fn rounds() -> impl Strategy<Value = Vec<Vec<(SharedChangeEntry, [bool; 2])>>> {
    let changes = (readable(), any::<[bool; 2]>());
    proptest::collection::vec(proptest::collection::vec(changes, 1..15), 1..5)
}

/// Takes the changes on two devices, of which one forgets after each round what it can.
fn compare_with_a_device_that_never_forgets(
    models: &impl Models,
    rounds: &[Vec<SharedChangeEntry>],
) -> Result<(), TestCaseError> {
    let mut forgetful = Strict::default();
    let mut never = Strict::default();
    for (number, round) in (0..).zip(rounds) {
        for entry in round {
            let hlc = entry.hlc;
            let ms = hlc.timestamp + number * PAST_MS;
            let entry = SharedChangeEntry {
                hlc: Hlc::new(ms, hlc.counter, hlc.device_id),
                ..entry.clone()
            };
            for device in [&mut forgetful, &mut never] {
                device.take_with(models, std::slice::from_ref(&entry));
            }
            prop_assert_eq!(live(forgetful.standings()), live(never.standings()));
            prop_assert_eq!(&forgetful.tables.0, &never.tables.0);
        }
        for origin in ORIGINS {
            reach(&mut forgetful, origin, (number + 1) * PAST_MS);
        }
        while run(forget_deleted(&mut forgetful, models, &ORIGINS)).unwrap() > 0 {}
    }
    Ok(())
}

/// An update that has only some of the members.
fn part(entry: SharedChangeEntry, [first, last]: [bool; 2]) -> SharedChangeEntry {
    if entry.change_type != ChangeType::Update {
        return entry;
    }
    let mut members: BTreeMap<String, Value> = entry.data.parse_as().unwrap();
    if first {
        members.pop_first();
    }
    if last {
        members.pop_last();
    }
    SharedChangeEntry {
        data: serde_json::to_value(members).unwrap().into(),
        ..entry
    }
}

proptest! {
    #[test]
    fn a_device_that_forgets_shows_what_one_that_never_forgets_shows(rounds in rounds()) {
        let whole = |round: Vec<_>| round.into_iter().map(|(entry, _)| entry).collect();
        let rounds: Vec<Vec<_>> = rounds.into_iter().map(whole).collect();
        compare_with_a_device_that_never_forgets(&App, &rounds)?;
    }

    #[test]
    fn a_device_that_forgets_and_merges_members_shows_what_one_that_never_forgets_shows(
        rounds in rounds(),
    ) {
        let parts = |round: Vec<_>| round.into_iter().map(|(entry, of)| part(entry, of)).collect();
        let rounds: Vec<Vec<_>> = rounds.into_iter().map(parts).collect();
        compare_with_a_device_that_never_forgets(&ByMember, &rounds)?;
    }
}

/// A folder of this number, in another one.
fn folder(number: u8, parent: Option<u8>) -> Change {
    let id = |of| Uuid::from_u128(u128::from(of));
    let name = format!("folder {number}");
    let data = serde_json::json!({ "name": name, "parent": parent.map(id) });
    Change::insert("folder", id(number), &data).unwrap()
}

fn folders(tables: &Strict) -> Vec<u128> {
    let shown = tables.tables.0.keys();
    shown.map(|id| id.record_uuid.as_u128()).collect()
}

/// The first folder is deleted, the third one is in it, and its members are merged one by one.
#[test]
fn a_record_that_follows_a_deleted_one_is_not_forgotten_while_a_member_can_move_it_away() {
    let stamp = |ms| Hlc::new(ms, 0, ORIGINS[0].as_uuid());
    let deleted = Change::delete("folder", Uuid::from_u128(1));
    let mut tables = Strict::default();
    let history = [
        folder(1, None).stamped(stamp(1)),
        folder(2, None).stamped(stamp(2)),
        folder(3, Some(1)).stamped(stamp(3)),
        deleted.stamped(stamp(10)),
    ];
    tables.take_with(&ByMember, &history);
    assert_eq!(folders(&tables), [2]);
    for origin in ORIGINS {
        reach(&mut tables, origin, PAST_MS);
    }
    assert_eq!(
        run(forget_deleted(&mut tables, &ByMember, &ORIGINS)).unwrap(),
        0
    );

    let mut other = tables.clone();
    let parent = serde_json::json!({ "parent": Uuid::from_u128(2) });
    let moved = Change::update("folder", Uuid::from_u128(3), &parent).unwrap();
    tables.take_with(&ByMember, &[moved.stamped(stamp(110))]);
    assert_eq!(folders(&tables), [2, 3]);

    // Its deletion stays, too: what was in the folder does not come back with it.
    other.take_with(&ByMember, &[folder(1, None).stamped(stamp(110))]);
    assert_eq!(folders(&other), [1, 2]);
}

/// The first folder is deleted, the third one is in it, and the fourth one in that.
#[test]
fn a_record_that_follows_a_deleted_one_through_another_is_not_forgotten() {
    let stamp = |ms| Hlc::new(ms, 0, ORIGINS[0].as_uuid());
    let deleted = Change::delete("folder", Uuid::from_u128(1));
    let mut tables = Strict::default();
    tables.take(&[
        folder(1, None).stamped(stamp(1)),
        folder(2, None).stamped(stamp(2)),
        folder(3, Some(1)).stamped(stamp(3)),
        folder(4, Some(3)).stamped(stamp(4)),
        deleted.stamped(stamp(10)),
    ]);
    for origin in ORIGINS {
        reach(&mut tables, origin, PAST_MS);
    }
    assert_eq!(run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap(), 0);
    tables.take(&[folder(3, Some(2)).stamped(stamp(110))]);
    assert_eq!(folders(&tables), [2, 3, 4]);
}

/// The first folder is deleted again, after a folder came that is in the third one.
#[test]
fn a_record_that_can_be_followed_is_not_forgotten_because_it_passes_the_next_deletion_on() {
    let stamp = |ms| Hlc::new(ms, 0, ORIGINS[0].as_uuid());
    let deletion = || Change::delete("folder", Uuid::from_u128(1));
    let mut tables = Strict::default();
    tables.take(&[
        folder(1, None).stamped(stamp(1)),
        folder(3, Some(1)).stamped(stamp(3)),
        deletion().stamped(stamp(10)),
    ]);
    for origin in ORIGINS {
        reach(&mut tables, origin, PAST_MS);
    }
    assert_eq!(run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap(), 0);
    let inside = folder(4, Some(3)).stamped(stamp(110));
    tables.take(&[deletion().stamped(stamp(120)), inside]);
    let id = RecordId::new("folder", Uuid::from_u128(4));
    assert_eq!(tables.standings()[&id], Standing::Deleted);
}

#[test]
fn a_deletion_stays_while_an_origin_may_have_a_lower_change() {
    let mut tables = Strict::default();
    let deleted = Change::delete("tag", Uuid::from_u128(1));
    tables.take(&[deleted.stamped(Hlc::new(50, 0, Uuid::from_u128(1)))]);
    let [ahead, behind] = ORIGINS;
    let forget = |on: &mut Strict, origins: &[DeviceId]| run(forget_deleted(on, &App, origins));
    reach(&mut tables, ahead, PAST_MS);
    assert_eq!(
        forget(&mut tables, &ORIGINS).unwrap(),
        0,
        "one was never heard of"
    );
    reach(&mut tables, behind, 49);
    assert_eq!(
        forget(&mut tables, &ORIGINS).unwrap(),
        0,
        "it may have a change at 50"
    );
    assert_eq!(forget(&mut tables, &[]).unwrap(), 0, "nobody is known");
    reach(&mut tables, behind, 51);
    assert_eq!(forget(&mut tables, &ORIGINS).unwrap(), 1);
    assert_eq!(tables.forgotten.map(|hlc| hlc.timestamp), Some(50));
}

/// A group that waits may have a lower change of the record, and its origin is past the deletion.
#[test]
fn a_deletion_stays_while_a_group_waits_that_began_before_it() {
    let [one, other] = ORIGINS;
    let mut tables = Strict::default();
    let deleted = Change::delete("tag", Uuid::from_u128(1));
    tables.take(&[deleted.stamped(Hlc::new(50, 0, one.as_uuid()))]);
    let name = serde_json::json!({ "name": "red" });
    let lower = Change::insert("tag", Uuid::from_u128(1), &name).unwrap();
    let mut lower = lower.stamped(Hlc::new(40, 0, other.as_uuid()));
    lower.group_end = false;
    let last = Change::delete("tag", Uuid::from_u128(2));
    let last = last.stamped(Hlc::new(60, 0, other.as_uuid()));
    run(tables.set_aside(&[lower.clone(), last.clone()])).unwrap();
    for origin in ORIGINS {
        reach(&mut tables, origin, PAST_MS);
    }
    assert_eq!(run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap(), 0);
    run(tables.take_back(&[lower, last])).unwrap();
    assert_eq!(run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap(), 1);
}

/// A member that was updated after the deletion shows once the record is inserted again, on every device.
#[test]
fn a_deleted_record_with_members_is_not_forgotten() {
    let [one, other] = ORIGINS;
    let deleted = Change::delete("tag", Uuid::from_u128(1)).model_version(1);
    let colour = serde_json::json!({ "colour": "blue" });
    let updated = Change::update("tag", Uuid::from_u128(1), &colour).unwrap();
    let deleted = deleted.stamped(Hlc::new(50, 0, one.as_uuid()));
    let updated = updated
        .model_version(1)
        .stamped(Hlc::new(60, 0, other.as_uuid()));
    let mut tables = Records::default();
    run(merge(
        &mut tables,
        &PerField,
        &[deleted.clone(), updated.clone()],
    ))
    .unwrap();
    for origin in ORIGINS {
        let reached = Hlc::new(PAST_MS, 0, origin.as_uuid());
        let cursor = Cursor::new(origin.as_uuid(), reached, Tag::ZERO).unwrap();
        tables.watermarks.insert(origin, cursor);
    }
    assert_eq!(
        run(forget_deleted(&mut tables, &PerField, &ORIGINS)).unwrap(),
        0
    );
    let name = serde_json::json!({ "name": "red" });
    let inserted = Change::insert("tag", Uuid::from_u128(1), &name).unwrap();
    let inserted = inserted
        .model_version(1)
        .stamped(Hlc::new(110, 0, one.as_uuid()));
    run(merge(&mut tables, &PerField, &[inserted])).unwrap();
    let row = tables.tables.0.values().next().unwrap();
    let row: serde_json::Value = row.parse_as().unwrap();
    assert_eq!(row, serde_json::json!({ "name": "red", "colour": "blue" }));
}

/// As many deletions as are read at once are kept, because a live record follows each.
#[test]
fn deletions_that_are_kept_do_not_stop_those_after_them_from_being_forgotten() {
    let kept = u32::try_from(MAX_PAGE_ENTRIES).unwrap();
    let stamp = |ms| Hlc::new(ms, 0, ORIGINS[0].as_uuid());
    let mut tables = Records::default();
    let id = |number: u32| Uuid::from_u128(number.into());
    let mut entries = Vec::new();
    for number in 0..kept {
        let parent = serde_json::json!({ "name": number.to_string(), "parent": id(number) });
        let child = Change::insert("folder", id(kept + number), &parent).unwrap();
        entries.push(Change::delete("folder", id(number)).stamped(stamp(number.into())));
        entries.push(child.stamped(stamp(u64::from(kept) + 10)));
    }
    entries.push(Change::delete("tag", id(1)).stamped(stamp(u64::from(kept))));
    run(merge(&mut tables, &App, &entries)).unwrap();
    for origin in ORIGINS {
        let reached = Hlc::new(u64::from(kept) + 20, 0, origin.as_uuid());
        let cursor = Cursor::new(origin.as_uuid(), reached, Tag::ZERO).unwrap();
        tables.watermarks.insert(origin, cursor);
    }
    let forget = |from: &mut Records| run(forget_deleted(from, &App, &ORIGINS)).unwrap();
    assert_eq!(forget(&mut tables), 1);
    assert_eq!(forget(&mut tables), 0);
    assert_eq!(tables.records.len(), 2 * MAX_PAGE_ENTRIES);
}
