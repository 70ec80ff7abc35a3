//! A snapshot that no device gives is refused, and changes nothing (`B1`).

use sync_log_core::judge::EntryFault;
use sync_log_core::receive::{
    Receiving, RecordFault, Snapshot, SnapshotError, SnapshotPage, Taking, finish_snapshot,
    merge_snapshot,
};
use sync_log_core::{
    CEILING_MS, ChainFault, Change, ErrorKind, Hlc, MAX_PAGE_ENTRIES, ObserveError,
    SharedChangeEntry, Uuid,
};

use crate::applying::ORIGINS;
use crate::common::run;
use crate::common::tables::{App, Strict};
use crate::snapshots::{DONOR, OWN, finish, given, merge_page, own, pages, receiving};

fn tag(number: u128, ms: u64) -> SharedChangeEntry {
    let name = serde_json::json!({ "name": format!("tag {number}") });
    let change = Change::insert("tag", Uuid::from_u128(number), &name).unwrap();
    change.stamped(Hlc::new(ms, 0, ORIGINS[0].as_uuid()))
}

fn donor() -> Strict {
    let mut donor = Strict::default();
    donor.take(&[tag(1, 1), tag(2, 2), tag(3, 3)]);
    donor
}

/// Merges a page that is refused, and asserts that nothing changed.
fn refused(taking: &Taking, page: &SnapshotPage) -> SnapshotError {
    let mut tables = Strict::default();
    let merged = run(merge_snapshot(
        &mut tables,
        &App,
        &receiving(),
        taking,
        page,
    ));
    assert!(tables.records.is_empty() && tables.tables.0.is_empty());
    assert_eq!((tables.watermarks.len(), tables.observed), (0, None));
    let error = merged.expect_err("the page is refused");
    assert!(
        !error.help().is_empty() && error.to_string().contains("failed to"),
        "{error}"
    );
    error
}

fn begun() -> Taking {
    Taking::begin(own(), &receiving(), given(&mut donor())).unwrap()
}

#[test]
fn a_snapshot_of_another_device_or_of_this_one_is_refused() {
    let first = given(&mut donor());
    let of_other = Snapshot {
        donor: ORIGINS[0],
        ..first.clone()
    };
    let begun = Taking::begin(own(), &receiving(), of_other);
    assert!(
        matches!(begun, Err(SnapshotError::OtherDonor { .. })),
        "{begun:?}"
    );
    let of_own = Snapshot {
        donor: OWN,
        ..first
    };
    let from_own = Receiving {
        origin: OWN,
        ..receiving()
    };
    let error = Taking::begin(own(), &from_own, of_own).unwrap_err();
    assert!(
        matches!(error, SnapshotError::OtherDonor { .. }),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::FixPeer);
}

#[test]
fn entries_that_wait_are_those_that_a_log_can_hold_in_whole_groups() {
    let with = |waiting: Vec<SharedChangeEntry>| {
        let first = Snapshot {
            waiting,
            ..given(&mut donor())
        };
        Taking::begin(own(), &receiving(), first).unwrap_err()
    };
    let nameless = SharedChangeEntry {
        model_type: String::new(),
        ..tag(1, 1)
    };
    let error = with(vec![nameless]);
    let is_bad = matches!(
        error,
        SnapshotError::BadEntry {
            fault: EntryFault::ModelType,
            ..
        }
    );
    assert!(is_bad, "{error:?}");
    let fault = |refusal| match refusal {
        SnapshotError::Altered { altered, .. } => altered.fault,
        other => panic!("{other:?}"),
    };
    let open = SharedChangeEntry {
        group_end: false,
        ..tag(1, 1)
    };
    assert_eq!(fault(with(vec![open])), ChainFault::OpenGroup);
    let twice = with(vec![tag(1, 1), tag(2, 1)]);
    assert_eq!(fault(twice), ChainFault::OutOfOrder);
}

#[test]
fn pages_are_merged_in_order_and_none_is_left_out() {
    let pages = pages(&mut donor(), 1);
    let is_missing = |error| matches!(error, SnapshotError::MissingPage { .. });
    assert!(is_missing(refused(&begun(), &pages[1])));
    let mut taking = begun();
    let mut tables = Strict::default();
    merge_page(&mut tables, &App, &mut taking, &pages[0]).unwrap();
    assert_eq!(taking.after(), pages[0].next.as_ref());
    assert!(
        is_missing(refused(&taking, &pages[0])),
        "it was merged before"
    );
    assert!(is_missing(refused(&taking, &pages[2])));
    let early = run(finish_snapshot(&mut tables, &App, &receiving(), &taking));
    assert!(is_missing(early.unwrap_err()));
    for page in &pages[1..] {
        merge_page(&mut tables, &App, &mut taking, page).unwrap();
    }
    assert!(taking.has_all());
    assert!(
        is_missing(refused(&taking, &pages[2])),
        "it was the last one"
    );
    finish(&mut tables, &taking);
}

type Alter<'a> = dyn Fn(&mut SnapshotPage) + 'a;

#[test]
fn a_page_that_no_device_gives_is_refused() {
    let page = pages(&mut donor(), 3).remove(0);
    let taking = begun();
    let fault = |alter: &Alter<'_>| {
        let mut altered = page.clone();
        alter(&mut altered);
        match refused(&taking, &altered) {
            SnapshotError::BadRecord { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    };
    let high = Hlc::new(50, 0, DONOR.as_uuid());
    let content = RecordFault::Content;
    let ceiling = Hlc::new(CEILING_MS, 0, DONOR.as_uuid());
    let cases: [(RecordFault, &Alter<'_>); 10] = [
        (RecordFault::OutOfOrder, &|it| it.records.swap(0, 1)),
        (RecordFault::OutOfOrder, &|it| {
            it.records[1] = it.records[0].clone()
        }),
        (RecordFault::OutOfOrder, &|it| {
            it.next = Some(it.records[0].0.clone())
        }),
        (RecordFault::Part, &|it| it.records[0].1.inserted = high),
        (RecordFault::Part, &|it| it.records[0].1.deleted = high),
        (RecordFault::Part, &|it| {
            it.records[0].1.updated = [(1, high)].into()
        }),
        (content(EntryFault::NotFromClock), &|it| {
            it.records[0].1.source.hlc = ceiling
        }),
        (content(EntryFault::ModelType), &|it| {
            it.records[0].0.model_type.clear()
        }),
        (content(EntryFault::DataTooLarge), &|it| {
            it.records[0].1.data = serde_json::json!("n".repeat(2 << 20)).into();
        }),
        (content(EntryFault::DataNotJson), &|it| {
            let deep = (0..200).fold(serde_json::Value::Null, |inner, _| vec![inner].into());
            it.records[0].1.data = deep.into();
        }),
    ];
    for (number, (expected, alter)) in cases.into_iter().enumerate() {
        assert_eq!(fault(alter), expected, "case {number}");
    }
}

#[test]
fn a_page_that_is_larger_than_a_page_may_be_is_refused() {
    let (id, version) = pages(&mut donor(), 1).remove(0).records.remove(0);
    let many = (0..=MAX_PAGE_ENTRIES as u128).map(|number| {
        let mut id = id.clone();
        id.record_uuid = Uuid::from_u128(number);
        (id, version.clone())
    });
    let mut page = SnapshotPage {
        after: None,
        records: many.collect(),
        next: None,
    };
    let too_many = refused(&begun(), &page);
    assert!(
        matches!(too_many, SnapshotError::PageTooLarge { .. }),
        "{too_many:?}"
    );
    page.records.truncate(5);
    for (_, large) in &mut page.records {
        large.data = serde_json::json!("n".repeat(1_000_000)).into();
    }
    let error = refused(&begun(), &page);
    assert!(
        matches!(error, SnapshotError::PageTooLarge { .. }),
        "{error:?}"
    );
}

#[test]
fn a_snapshot_of_a_clock_that_is_wrong_changes_nothing() {
    let at_most = |ms: u64| {
        move |stamps: &[Hlc]| match stamps.iter().find(|hlc| hlc.timestamp > ms) {
            Some(remote) => Err(ObserveError::AboveCeiling { remote: *remote }),
            None => Ok(()),
        }
    };
    let check = at_most(2);
    let strict = Receiving {
        check: &check,
        ..receiving()
    };
    let mut donor = donor();
    let taking = Taking::begin(own(), &strict, given(&mut donor)).unwrap();
    let page = pages(&mut donor, 3).remove(0);
    let mut tables = Strict::default();
    let merged = run(merge_snapshot(&mut tables, &App, &strict, &taking, &page));
    assert!(matches!(merged, Err(SnapshotError::Clock(_))), "{merged:?}");
    assert!(tables.records.is_empty() && tables.observed.is_none());

    let late = Hlc::new(3, 0, DONOR.as_uuid());
    for first in [
        Snapshot {
            forgotten: late,
            ..given(&mut donor)
        },
        Snapshot {
            waiting: vec![tag(4, 3)],
            ..given(&mut donor)
        },
    ] {
        let begun = Taking::begin(own(), &strict, first);
        assert!(matches!(begun, Err(SnapshotError::Clock(_))), "{begun:?}");
    }
}
