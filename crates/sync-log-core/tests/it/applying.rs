//! Pages are applied in any order: each entry once, each group as a whole, and in the end
//! everything (`X2`).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use sync_log_core::receive::{
    Applied, ApplyError, Models, Need, Reading, ReceiveError, Receiving, RecordId, apply,
};
use sync_log_core::{
    ChangeType, Cursor, DeviceId, Hlc, ObserveError, Page, SharedChangeEntry, Uuid,
};

use crate::common::log::Log;
use crate::common::oracle::Oracle;
use crate::common::run;
use crate::common::tables::{App, Strict};
use crate::showing::needing_entry;

pub(crate) const ORIGINS: [DeviceId; 3] = [
    DeviceId::from_uuid(Uuid::from_u128(1)),
    DeviceId::from_uuid(Uuid::from_u128(2)),
    DeviceId::from_uuid(Uuid::from_u128(3)),
];

/// The log of one device that has its entries of `all`, with groups that end where a bit is set.
pub(crate) fn log_of(device: DeviceId, all: &[SharedChangeEntry], ends: u64) -> Log {
    let own = all.iter().filter(|it| it.hlc.device_id == device.as_uuid());
    let own: BTreeMap<Hlc, _> = own.map(|it| (it.hlc, it.clone())).collect();
    let mut entries: Vec<_> = own.into_values().collect();
    let count = entries.len();
    for (number, entry) in entries.iter_mut().enumerate() {
        entry.group_end = number + 1 == count || ends >> (number % 64) & 1 == 1;
    }
    Log::of(entries, device.as_uuid())
}

/// A page from one end of a group to another, as two numbers choose.
pub(crate) fn page_between(log: &Log, [one, other]: [Index; 2]) -> Page {
    let ends = log.ends();
    let two = [*one.get(&ends), *other.get(&ends)];
    log.page(two[0].min(two[1]), two[0].max(two[1]))
}

pub(crate) fn whole(log: &Log) -> Page {
    log.page(0, log.entries.len())
}

pub(crate) fn take(
    tables: &mut Strict,
    origin: DeviceId,
    page: &Page,
) -> Result<Applied, ApplyError> {
    let receiving = Receiving {
        origin,
        origins: &ORIGINS,
        check: &|_| Ok(()),
    };
    run(apply(tables, &App, &receiving, page))
}

/// The entries that count, computed from everything that came, the slow way.
pub(crate) fn expected(logs: &[Log], tables: &Strict) -> (Vec<SharedChangeEntry>, BTreeSet<Hlc>) {
    let reached = |origin: &DeviceId| {
        let watermark = tables.watermarks.get(origin);
        watermark.map_or(Hlc::ZERO, |cursor| cursor.hlc())
    };
    let past = ORIGINS.iter().map(reached).min().unwrap();
    let came = ORIGINS.iter().zip(logs).flat_map(|(origin, log)| {
        let came = log.entries.iter().filter(|it| it.hlc <= reached(origin));
        let came: Vec<_> = came.cloned().collect();
        let groups = came.split_inclusive(|it| it.group_end).map(<[_]>::to_vec);
        groups.collect::<Vec<_>>()
    });
    let mut waiting: Vec<_> = came.collect();
    let mut applied: Vec<SharedChangeEntry> = Vec::new();
    loop {
        let heard: BTreeSet<_> = applied.iter().map(RecordId::of).collect();
        let is_ready = |group: &Vec<SharedChangeEntry>| {
            let here: BTreeSet<_> = group.iter().map(RecordId::of).collect();
            let known = |id: RecordId| heard.contains(&id) || here.contains(&id);
            let is_past = group.last().is_some_and(|last| last.hlc <= past);
            is_past || group.iter().flat_map(needs).all(known)
        };
        let Some(ready) = waiting.iter().position(is_ready) else {
            break;
        };
        applied.extend(waiting.remove(ready));
    }
    (applied, waiting.iter().flatten().map(|it| it.hlc).collect())
}

fn needs(entry: &SharedChangeEntry) -> Vec<RecordId> {
    let read = App.read(&entry.model_type, entry.model_version, &entry.data);
    let (Reading::Readable(facts), true) = (read, entry.change_type != ChangeType::Delete) else {
        return Vec::new();
    };
    let needed = facts
        .references
        .into_iter()
        .filter(|it| it.need != Need::May);
    needed.map(|it| it.to).collect()
}

proptest! {
    #[test]
    fn whatever_the_order_of_pages_each_group_is_applied_once_and_whole(
        entries in proptest::collection::vec(needing_entry(), 1..40),
        group_ends in any::<[u64; 3]>(),
        pages in proptest::collection::vec((0..3usize, any::<[Index; 2]>()), 1..30),
    ) {
        let logs: Vec<_> = ORIGINS
            .iter()
            .zip(group_ends)
            .map(|(device, ends)| log_of(*device, &entries, ends))
            .collect();
        let mut tables = Strict::default();
        let last = (0..3).map(|number| (number, None));
        let pages = pages.into_iter().map(|(number, ends)| (number, Some(ends)));
        for (number, ends) in pages.chain(last) {
            let log = &logs[number];
            let page = ends.map_or_else(|| whole(log), |ends| page_between(log, ends));
            let before = tables.watermarks.get(&ORIGINS[number]).copied();
            let before = before.unwrap_or(Cursor::ZERO);
            match take(&mut tables, ORIGINS[number], &page) {
                Ok(applied) => prop_assert_eq!(applied.watermark.hlc(), before.hlc().max(page.next.hlc())),
                Err(ApplyError::Page(ReceiveError::OutOfOrder { .. })) => {
                    prop_assert!(page.after.hlc() > before.hlc());
                }
                Err(other) => panic!("{other}"),
            }
            tables.refuse_dangling();
            let (applied, waiting) = expected(&logs, &tables);
            prop_assert_eq!(tables.standings(), Oracle::of(&applied).standings());
            prop_assert_eq!(tables.waiting.keys().copied().collect::<BTreeSet<_>>(), waiting);
        }
        let everything: Vec<_> = logs.iter().flat_map(|log| log.entries.clone()).collect();
        let highest = everything.iter().map(|it| it.hlc).max();
        prop_assert_eq!(tables.observed, highest);
    }
}

/// A refused page changes nothing.
#[test]
fn a_page_from_a_clock_that_is_wrong_changes_nothing() {
    let entry = SharedChangeEntry {
        hlc: Hlc::new(9, 0, ORIGINS[0].as_uuid()),
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "name": "red" }).into(),
        model_version: 0,
        group_end: true,
    };
    let log = log_of(ORIGINS[0], &[entry], 0);
    let refused = |stamps: &[Hlc]| match stamps.last() {
        Some(remote) => Err(ObserveError::AboveCeiling { remote: *remote }),
        None => Ok(()),
    };
    let receiving = Receiving {
        origin: ORIGINS[0],
        origins: &ORIGINS,
        check: &refused,
    };
    let mut tables = Strict::default();
    let applied = run(apply(&mut tables, &App, &receiving, &whole(&log)));
    assert!(matches!(applied, Err(ApplyError::Clock(_))), "{applied:?}");
    assert!(tables.watermarks.is_empty() && tables.standings().is_empty());
    assert_eq!(tables.observed, None);
}
