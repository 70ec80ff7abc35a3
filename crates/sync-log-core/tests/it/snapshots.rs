//! A device takes a snapshot of another one, and reads on from there (`B1`).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use sync_log_core::receive::{
    Models, Receiving, RecordId, Snapshot, SnapshotError, SnapshotPage, Standing, Taking,
    finish_snapshot, forget_deleted, merge, merge_snapshot, snapshot, snapshot_page,
};
use sync_log_core::{
    BASELINE_COUNTER, Change, Cursor, DeviceId, Hlc, LogIdentity, MAX_PAGE_ENTRIES, Page,
    SharedChangeEntry, Tag, Uuid,
};

use crate::applying::{ORIGINS, expected, log_of, page_between, take, whole};
use crate::common::log::Log;
use crate::common::oracle::Oracle;
use crate::common::run;
use crate::common::tables::{App, PerField, Strict};
use crate::forgetting::{Records, live, readable};
use crate::showing::needing_entry;

/// The device that gives snapshots, and the one that takes them.
pub(crate) const DONOR: DeviceId = DeviceId::from_uuid(Uuid::from_u128(8));
pub(crate) const OWN: DeviceId = DeviceId::from_uuid(Uuid::from_u128(9));
pub(crate) const OWN_LOG: Uuid = Uuid::from_u128(0x90);

pub(crate) fn own() -> LogIdentity {
    LogIdentity {
        library_id: Uuid::from_u128(1).into(),
        device_id: OWN,
        log_id: OWN_LOG,
    }
}

pub(crate) fn receiving() -> Receiving<'static> {
    Receiving {
        origin: DONOR,
        origins: &ORIGINS,
        check: &|_| Ok(()),
    }
}

pub(crate) fn given(donor: &mut Strict) -> Snapshot {
    run(snapshot(donor, DONOR, Cursor::ZERO)).unwrap()
}

/// The records of a donor, in pages of this many.
pub(crate) fn pages(donor: &mut Strict, size: usize) -> Vec<SnapshotPage> {
    let all = run(snapshot_page(donor, None)).unwrap();
    assert_eq!(all.next, None, "the test has few records");
    let mut after = None;
    let mut pages: Vec<_> = all
        .records
        .chunks(size)
        .map(|records| {
            let next = records.last().map(|(id, _)| id.clone());
            SnapshotPage {
                after: std::mem::replace(&mut after, next.clone()),
                records: records.to_vec(),
                next,
            }
        })
        .collect();
    match pages.last_mut() {
        Some(last) => last.next = None,
        None => pages.push(all),
    }
    pages
}

pub(crate) fn merge_page(
    tables: &mut Strict,
    models: &impl Models,
    taking: &mut Taking,
    page: &SnapshotPage,
) -> Result<(), SnapshotError> {
    run(merge_snapshot(tables, models, &receiving(), taking, page))?;
    taking.go_on(page);
    Ok(())
}

pub(crate) fn finish(tables: &mut Strict, taking: &Taking) -> BTreeMap<DeviceId, Cursor> {
    run(finish_snapshot(tables, &App, &receiving(), taking)).unwrap()
}

/// Takes the whole snapshot that a donor gives.
fn take_snapshot(tables: &mut Strict, donor: &mut Strict) -> BTreeMap<DeviceId, Cursor> {
    let mut taking = Taking::begin(own(), &receiving(), given(donor)).unwrap();
    for page in pages(donor, 3) {
        merge_page(tables, &App, &mut taking, &page).unwrap();
    }
    finish(tables, &taking)
}

type Arrivals = Vec<(usize, [Index; 2])>;

fn arrivals() -> impl Strategy<Value = Arrivals> {
    proptest::collection::vec((0..3usize, any::<[Index; 2]>()), 0..20)
}

/// The logs of the three devices. Each ends with an entry above all others, so that nothing waits for a
/// device that is behind once all of them were applied.
fn logs_of(entries: &[SharedChangeEntry], group_ends: [u64; 3]) -> Vec<Log> {
    let logs = (100..).zip(ORIGINS).zip(group_ends);
    logs.map(|((number, device), ends)| {
        let mut log = log_of(device, entries, ends);
        log.entries.push(tag(number, 100, device));
        Log::of(log.entries, device.as_uuid())
    })
    .collect()
}

/// Applies what can be applied of the pages that come.
fn receive(tables: &mut Strict, logs: &[Log], arrivals: &Arrivals) {
    for (number, ends) in arrivals {
        let page = page_between(&logs[*number], *ends);
        // A page that comes too early is refused.
        let _ = take(tables, ORIGINS[*number], &page);
    }
}

fn receive_all(tables: &mut Strict, logs: &[Log]) {
    for (origin, log) in ORIGINS.iter().zip(logs) {
        let _ = take(tables, *origin, &whole(log)).unwrap();
    }
}

proptest! {
    /// Everything that one of the two devices had is here, each group as a whole, and what waits there
    /// waits here. Pages may come while the snapshot is taken, and it may be begun again.
    #[test]
    fn a_snapshot_brings_what_the_other_device_has(
        entries in proptest::collection::vec(needing_entry(), 1..40),
        group_ends in any::<[u64; 3]>(),
        [there, here, meanwhile] in [arrivals(), arrivals(), arrivals()],
        interrupted in proptest::option::of(0..4usize),
    ) {
        let logs = logs_of(&entries, group_ends);
        let mut donor = Strict::default();
        receive(&mut donor, &logs, &there);
        let mut tables = Strict::default();
        receive(&mut tables, &logs, &here);
        if let Some(count) = interrupted {
            let mut taking = Taking::begin(own(), &receiving(), given(&mut donor)).unwrap();
            for page in pages(&mut donor, 3).iter().take(count) {
                merge_page(&mut tables, &App, &mut taking, page).unwrap();
                tables.refuse_dangling();
            }
        }
        let first = given(&mut donor);
        let before = [tables.watermarks.clone(), first.watermarks.clone()];
        receive(&mut donor, &logs, &meanwhile);
        let mut taking = Taking::begin(own(), &receiving(), first).unwrap();
        for page in pages(&mut donor, 3) {
            merge_page(&mut tables, &App, &mut taking, &page).unwrap();
            prop_assert_eq!(&tables.watermarks, &before[0], "they move at the end");
        }
        let cursors = finish(&mut tables, &taking);
        tables.refuse_dangling();
        for origin in ORIGINS {
            let higher = before.iter().filter_map(|it| it.get(&origin)).max();
            prop_assert_eq!(tables.watermarks.get(&origin), higher);
            let acknowledged = higher.filter(|_| before[1].contains_key(&origin));
            prop_assert_eq!(cursors.get(&origin), acknowledged);
        }
        if meanwhile.is_empty() {
            let (applied, waiting) = expected(&logs, &tables);
            prop_assert_eq!(tables.standings(), Oracle::of(&applied).standings());
            let waits: BTreeSet<_> = tables.waiting.keys().copied().collect();
            prop_assert_eq!(waits, waiting);
        }
        receive_all(&mut tables, &logs);
        let everything: Vec<_> = logs.iter().flat_map(|log| log.entries.clone()).collect();
        prop_assert_eq!(tables.standings(), Oracle::of(&everything).standings());
        prop_assert!(tables.waiting.is_empty());
        prop_assert_eq!(tables.observed, everything.iter().map(|it| it.hlc).max());
    }

    /// The other device has records whose deletion it did not receive yet, and this one has forgotten
    /// them.
    #[test]
    fn what_was_deleted_and_forgotten_here_does_not_come_back(
        entries in proptest::collection::vec(readable(), 1..40),
        group_ends in any::<[u64; 3]>(),
        [there, here] in [arrivals(), arrivals()],
    ) {
        let logs = logs_of(&entries, group_ends);
        let mut donor = Strict::default();
        receive(&mut donor, &logs, &there);
        let mut tables = Strict::default();
        receive(&mut tables, &logs, &here);
        if here.len() > 5 {
            receive_all(&mut tables, &logs);
        }
        while run(forget_deleted(&mut tables, &App, &ORIGINS)).unwrap() > 0 {}
        take_snapshot(&mut tables, &mut donor);
        receive_all(&mut tables, &logs);
        let everything: Vec<_> = logs.iter().flat_map(|log| log.entries.clone()).collect();
        prop_assert_eq!(live(tables.standings()), live(Oracle::of(&everything).standings()));
    }
}

fn tag(number: u128, ms: u64, device: DeviceId) -> SharedChangeEntry {
    let name = serde_json::json!({ "name": format!("tag {number}") });
    let change = Change::insert("tag", Uuid::from_u128(number), &name).unwrap();
    change.stamped(Hlc::new(ms, 0, device.as_uuid()))
}

fn cursor(log: u128, ms: u64, device: DeviceId) -> Cursor {
    let hlc = Hlc::new(ms, 0, device.as_uuid());
    Cursor::new(Uuid::from_u128(log), hlc, Tag::ZERO).unwrap()
}

/// Of one log the higher cursor is taken, and of two logs the own one stays.
#[test]
fn each_watermark_is_where_this_device_reads_on() {
    let [lower, higher, other_log] = ORIGINS;
    let mut donor = Strict::default();
    let mut tables = Strict::default();
    let theirs = [
        (lower, 1, 7),
        (higher, 2, 7),
        (other_log, 3, 7),
        (OWN, 9, 7),
    ];
    for (origin, log, ms) in theirs {
        donor.watermarks.insert(origin, cursor(log, ms, origin));
    }
    for (origin, log, ms) in [
        (lower, 1, 5),
        (higher, 2, 9),
        (other_log, 4, 5),
        (DONOR, 8, 99),
    ] {
        tables.watermarks.insert(origin, cursor(log, ms, origin));
    }
    let head = cursor(0x80, 20, DONOR);
    let first = run(snapshot(&mut donor, DONOR, head)).unwrap();
    let mut taking = Taking::begin(own(), &receiving(), first).unwrap();
    merge_page(&mut tables, &App, &mut taking, &pages(&mut donor, 1)[0]).unwrap();
    let expected = BTreeMap::from([
        (lower, cursor(1, 7, lower)),
        (higher, cursor(2, 9, higher)),
        (other_log, cursor(4, 5, other_log)),
        (DONOR, head),
    ]);
    assert_eq!(finish(&mut tables, &taking), expected);
    assert_eq!(tables.watermarks, expected, "there is none of this device");
    assert_eq!(tables.observed.map(|hlc| hlc.timestamp), Some(20));
}

#[test]
fn the_mark_of_what_was_forgotten_is_the_higher_one() {
    let marks = [
        (None, Some(3), Some(3)),
        (Some(5), Some(3), Some(5)),
        (None, None, None),
    ];
    for (here, there, expected) in marks {
        let stamp = |ms: Option<u64>| ms.map(|ms| Hlc::new(ms, 0, DONOR.as_uuid()));
        let mut donor = Strict {
            forgotten: stamp(there),
            ..Strict::default()
        };
        let mut tables = Strict {
            forgotten: stamp(here),
            ..Strict::default()
        };
        take_snapshot(&mut tables, &mut donor);
        assert_eq!(tables.forgotten, stamp(expected));
    }
}

#[test]
fn an_own_record_that_was_deleted_and_forgotten_does_not_come_back() {
    let mut donor = Strict::default();
    donor.take(&[tag(1, 40, OWN)]);
    let mut tables = Strict {
        forgotten: Some(Hlc::new(50, 0, ORIGINS[0].as_uuid())),
        ..Strict::default()
    };
    take_snapshot(&mut tables, &mut donor);
    assert!(tables.records.is_empty());
}

/// The app's database was restored, and the log had pruned some of the own changes.
#[test]
fn own_changes_that_were_missing_come_back_with_a_device_that_has_all_of_them() {
    let missing = Hlc::new(7, 0, OWN.as_uuid());
    let own_log = OWN_LOG.as_u128();
    for (log, ms, is_left) in [(own_log, 6, true), (0x91, 8, true), (own_log, 7, false)] {
        let mut donor = Strict::default();
        donor.take(&[tag(1, 7, OWN)]);
        donor.watermarks.insert(OWN, cursor(log, ms, OWN));
        // Another snapshot has brought the mark of what was forgotten elsewhere.
        let mut tables = Strict {
            unversioned: Some(missing),
            forgotten: Some(Hlc::new(50, 0, DONOR.as_uuid())),
            ..Strict::default()
        };
        let refused = run(snapshot(&mut tables, OWN, Cursor::ZERO));
        let is_incomplete = matches!(&refused, Err(SnapshotError::Incomplete { unversioned })
            if *unversioned == missing);
        assert!(is_incomplete, "{refused:?}");
        take_snapshot(&mut tables, &mut donor);
        assert_eq!(
            tables.unversioned.is_some(),
            is_left,
            "log {log:x} up to {ms}"
        );
        assert_eq!(tables.records.len(), 1);
    }
}

#[test]
fn a_page_has_at_most_as_many_records_as_a_page_may() {
    let mut donor = Strict::default();
    let count = MAX_PAGE_ENTRIES as u128 + 50;
    for number in 0..count {
        donor.take(&[tag(number, 1, DONOR)]);
    }
    let first = run(snapshot_page(&mut donor, None)).unwrap();
    assert_eq!(first.records.len(), MAX_PAGE_ENTRIES);
    let last = first.records.last().map(|(id, _)| id.clone());
    assert_eq!(first.next, last);
    let second = run(snapshot_page(&mut donor, first.next.as_ref())).unwrap();
    assert_eq!((second.after, second.next), (first.next, None));
    assert_eq!(first.records.len() + second.records.len(), count as usize);
}

#[test]
fn a_page_of_large_records_has_few_of_them() {
    let note = "n".repeat(1_000_000);
    let large = |number: u128| {
        let data = serde_json::json!({ "name": number.to_string(), "note": note });
        let change = Change::insert("tag", Uuid::from_u128(number), &data).unwrap();
        change.stamped(Hlc::new(1, 0, DONOR.as_uuid()))
    };
    let mut donor = Strict::default();
    for number in 0..6 {
        donor.take(&[large(number)]);
    }
    let first = run(snapshot_page(&mut donor, None)).unwrap();
    assert_eq!(first.records.len(), 4);
    let second = run(snapshot_page(&mut donor, first.next.as_ref())).unwrap();
    assert_eq!((second.records.len(), second.next), (2, None));
}

/// A record that is hidden there for its unique key is hidden here, too, and shown once the other one goes.
#[test]
fn what_is_hidden_comes_with_the_rest() {
    let mut donor = Strict::default();
    let twin = |number: u128, ms| SharedChangeEntry {
        record_uuid: Uuid::from_u128(number),
        ..tag(1, ms, DONOR)
    };
    donor.take(&[twin(1, 1), twin(2, 2)]);
    let mut tables = Strict::default();
    take_snapshot(&mut tables, &mut donor);
    assert_eq!(tables.standings(), donor.standings());
    let deleted = Change::delete("tag", Uuid::from_u128(1));
    tables.take(&[deleted.stamped(Hlc::new(3, 0, DONOR.as_uuid()))]);
    let second = RecordId::new("tag", Uuid::from_u128(2));
    assert!(tables.standings()[&second].is_shown());
    assert_eq!(
        tables.standings()[&RecordId::new("tag", Uuid::from_u128(1))],
        Standing::Deleted
    );
}

/// A page of a log is taken once more by a device that has the same from a snapshot.
#[test]
fn a_page_that_was_read_before_the_snapshot_is_skipped_after_it() {
    let log = log_of(ORIGINS[0], &[tag(1, 1, ORIGINS[0])], 0);
    let page: Page = whole(&log);
    let mut donor = Strict::default();
    let _ = take(&mut donor, ORIGINS[0], &page).unwrap();
    let mut tables = Strict::default();
    take_snapshot(&mut tables, &mut donor);
    let again = take(&mut tables, ORIGINS[0], &page).unwrap();
    assert_eq!(again.watermark, page.next);
    assert!(again.standings.is_empty());
}

/// A member that was updated after the deletion is kept, and the record stays deleted, whether or not that
/// member has come here before.
#[test]
fn a_deleted_record_of_which_the_other_device_has_a_later_member_stays_deleted() {
    let [one, two, later] = ORIGINS;
    let album = |ms, origin: DeviceId, member: &str| {
        let data = serde_json::json!({ member: "new" });
        let change = if member == "year" {
            Change::insert("album", Uuid::from_u128(1), &data)
        } else {
            Change::update("album", Uuid::from_u128(1), &data)
        };
        let change = change.unwrap().model_version(1);
        change.stamped(Hlc::new(ms, 0, origin.as_uuid()))
    };
    let inserted = album(40, one, "year");
    let updated = album(60, later, "title");
    let deleted = Change::delete("album", Uuid::from_u128(1)).model_version(1);
    let deleted = deleted.stamped(Hlc::new(50, 0, two.as_uuid()));
    for has_member in [false, true] {
        let mut donor = Records::default();
        let there = [inserted.clone(), updated.clone()];
        run(merge(&mut donor, &PerField, &there)).unwrap();
        donor.watermarks.insert(one, cursor(1, 40, one));
        let mut tables = Records::default();
        let here = [inserted.clone(), deleted.clone()];
        run(merge(&mut tables, &PerField, &here)).unwrap();
        tables.watermarks.insert(one, cursor(1, 55, one));
        tables.watermarks.insert(two, cursor(2, 55, two));
        let forgotten = run(forget_deleted(&mut tables, &PerField, &[one, two]));
        assert_eq!(forgotten.unwrap(), 1);
        if has_member {
            let came = std::slice::from_ref(&updated);
            run(merge(&mut tables, &PerField, came)).unwrap();
        }

        let first = run(snapshot(&mut donor, DONOR, Cursor::ZERO)).unwrap();
        let receiving = receiving();
        let taking = Taking::begin(own(), &receiving, first).unwrap();
        let page = run(snapshot_page(&mut donor, None)).unwrap();
        let merged = merge_snapshot(&mut tables, &PerField, &receiving, &taking, &page);
        run(merged).unwrap();
        let record = tables.records.values().next().unwrap();
        assert_eq!(record.standing, Standing::Deleted, "{has_member}");
        let members = record.version.fields.iter().flatten();
        let members: Vec<_> = members.map(|(name, _)| name.as_str()).collect();
        assert_eq!(members, ["title"]);
    }
}

/// The donor has lost its log since then, so its head is of another one. What it gave out before was in the log
/// that was read here, but for the rows of a baseline.
#[test]
fn what_was_deleted_and_forgotten_does_not_come_back_from_a_device_that_lost_its_log() {
    for (counter, comes_back) in [(0, false), (BASELINE_COUNTER, true)] {
        let mut donor = Strict::default();
        let mut inserted = tag(1, 40, DONOR);
        inserted.hlc.counter = counter;
        donor.take(&[inserted]);
        let mut tables = Strict {
            forgotten: Some(Hlc::new(50, 0, ORIGINS[0].as_uuid())),
            ..Strict::default()
        };
        tables.watermarks.insert(DONOR, cursor(0x81, 55, DONOR));
        take_snapshot(&mut tables, &mut donor);
        assert_eq!(!tables.records.is_empty(), comes_back);
    }
}

/// The rows of a baseline are in no log, but a device that reads the log that began after them has received them.
#[test]
fn a_row_of_a_baseline_that_was_deleted_and_forgotten_does_not_come_back() {
    let own_log = OWN_LOG.as_u128();
    for (device, log_here, log_there, comes_back) in [
        (OWN, own_log, own_log, false),
        (OWN, own_log, 0x91, true),
        (ORIGINS[0], 0x92, 0x92, false),
        (ORIGINS[0], 0x92, 0x93, true),
    ] {
        let mut row = tag(1, 40, device);
        row.hlc.counter = BASELINE_COUNTER;
        let mut donor = Strict::default();
        donor.take(&[row]);
        donor
            .watermarks
            .insert(device, cursor(log_there, 20, device));
        let mut tables = Strict {
            forgotten: Some(Hlc::new(50, 0, ORIGINS[1].as_uuid())),
            ..Strict::default()
        };
        if device != OWN {
            tables
                .watermarks
                .insert(device, cursor(log_here, 30, device));
        }
        take_snapshot(&mut tables, &mut donor);
        let is_there = !tables.records.is_empty();
        assert_eq!(is_there, comes_back, "{device}: log {log_there:x}");
    }
}

/// Pages of the donor were applied while its snapshot was taken.
#[test]
fn the_watermark_of_the_donor_does_not_move_back() {
    let mut donor = Strict::default();
    let mut tables = Strict::default();
    let ahead = cursor(0x80, 30, DONOR);
    tables.watermarks.insert(DONOR, ahead);
    let first = run(snapshot(&mut donor, DONOR, cursor(0x80, 20, DONOR))).unwrap();
    let mut taking = Taking::begin(own(), &receiving(), first).unwrap();
    merge_page(&mut tables, &App, &mut taking, &pages(&mut donor, 1)[0]).unwrap();
    assert_eq!(finish(&mut tables, &taking)[&DONOR], ahead);
}

/// The donor has made the change itself, so it did not wait there.
#[test]
fn what_waits_here_and_was_applied_there_waits_no_longer() {
    let [origin, other, _] = ORIGINS;
    let photo = serde_json::json!({ "album": Uuid::from_u128(9) });
    let photo = Change::insert("photo", Uuid::from_u128(5), &photo).unwrap();
    let photo = photo.stamped(Hlc::new(7, 0, origin.as_uuid()));
    let log = log_of(origin, std::slice::from_ref(&photo), 0);
    // A snapshot of a third device may have brought a mark of what was forgotten that is above the change.
    for forgotten_ms in [0, 50] {
        let mut tables = Strict::default();
        let _ = take(&mut tables, origin, &whole(&log)).unwrap();
        assert_eq!(tables.waiting.len(), 1);
        tables.forgotten = Some(Hlc::new(forgotten_ms, 0, DONOR.as_uuid()));
        for (has, waiting) in [(0, 1), (1, 0)] {
            let mut donor = Strict::default();
            if has == 1 {
                donor.take(std::slice::from_ref(&photo));
                donor.watermarks.insert(origin, log.cursors[1]);
            }
            donor.watermarks.insert(other, cursor(2, 3, other));
            take_snapshot(&mut tables, &mut donor);
            assert_eq!(tables.waiting.len(), waiting);
        }
        assert_eq!(tables.standings().len(), 1, "{forgotten_ms}");
    }
}

/// The donor has applied the group, and has forgotten the deletion in it, so its pages do not have it.
#[test]
fn a_deletion_that_waits_here_and_was_forgotten_there_is_applied() {
    let [origin, other, _] = ORIGINS;
    let photo = serde_json::json!({ "album": Uuid::from_u128(9) });
    let photo = Change::insert("photo", Uuid::from_u128(5), &photo).unwrap();
    let photo = photo.stamped(Hlc::new(7, 0, origin.as_uuid()));
    let deleted = Change::delete("tag", Uuid::from_u128(1));
    let deleted = deleted.stamped(Hlc::new(8, 0, origin.as_uuid()));
    // The tag is a group of its own.
    let log = log_of(origin, &[tag(1, 5, origin), photo, deleted], 1);
    let mut tables = Strict::default();
    let _ = take(&mut tables, origin, &whole(&log)).unwrap();
    assert_eq!(tables.waiting.len(), 2);

    let album = Change::insert("album", Uuid::from_u128(9), &serde_json::json!({})).unwrap();
    let mut donor = Strict::default();
    donor.take(&[album.stamped(Hlc::new(3, 0, other.as_uuid()))]);
    donor.take(&log.entries);
    donor.watermarks.insert(origin, log.cursors[3]);
    let forgotten = run(forget_deleted(&mut donor, &App, &[origin]));
    assert_eq!(forgotten.unwrap(), 1);

    take_snapshot(&mut tables, &mut donor);
    assert!(tables.waiting.is_empty());
    let standing = |model, number| {
        let id = RecordId::new(model, Uuid::from_u128(number));
        tables.records[&id].standing.clone()
    };
    assert_eq!(standing("tag", 1), Standing::Deleted);
    assert!(standing("photo", 5).is_shown());
}
