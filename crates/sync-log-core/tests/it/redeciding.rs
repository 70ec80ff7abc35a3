//! All records are decided again, page by page, and the page in which a record comes does not matter (`X6`).

use proptest::prelude::*;
use sync_log_core::receive::{
    Found, Key, Models, Move, Reading, ReceiverStore, Record, RecordId, RecordStore, RecordWrite,
    Rule, Wanted, baseline, decide_all, merge, redecide,
};
use sync_log_core::{
    Change, ChangeType, Cursor, DeviceId, Hlc, JsonText, SharedChangeEntry, StoreError, Uuid,
};

use crate::common::run;
use crate::common::tables::{App, Strict};
use crate::showing::needing_entry;

/// The next version of [`App`]: it knows version 1 of each model and all members, and the titles of
/// albums are unique.
struct Upgraded;

impl Models for Upgraded {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        App.rule(model_type, model_version.saturating_sub(1))
    }

    fn knows(&self, _: &str, _: &str) -> bool {
        true
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        let mut read = App.read(model_type, model_version.saturating_sub(1), payload);
        if let (Reading::Readable(facts), "album") = (&mut read, model_type) {
            let album: serde_json::Value = payload.parse_as().unwrap();
            facts.keys.extend(album["title"].as_str().map(|title| Key {
                name: "title".to_owned(),
                value: title.to_owned(),
            }));
        }
        read
    }
}

/// A store whose pages have one record each.
struct OneByOne<'a>(&'a mut Strict);

impl RecordStore for OneByOne<'_> {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.0.look_up(wanted).await
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        self.0.write(records).await
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        self.0.change(steps).await
    }
}

impl ReceiverStore for OneByOne<'_> {
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        _: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError> {
        self.0.records(after, 1).await
    }

    async fn has_unreadable(&mut self) -> Result<bool, StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn watermark(&mut self, _: DeviceId) -> Result<Cursor, StoreError> {
        unreachable!("no page is applied")
    }

    async fn move_watermark(&mut self, _: DeviceId, _: Cursor) -> Result<(), StoreError> {
        unreachable!("no page is applied")
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        unreachable!("no page is applied")
    }

    async fn set_aside(&mut self, _: &[SharedChangeEntry]) -> Result<(), StoreError> {
        unreachable!("no page is applied")
    }

    async fn take_back(&mut self, _: &[SharedChangeEntry]) -> Result<(), StoreError> {
        unreachable!("no page is applied")
    }

    async fn deleted(
        &mut self,
        _: Option<&(RecordId, Hlc)>,
        _: Hlc,
        _: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn forget(&mut self, _: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn observe(&mut self, _: Hlc) -> Result<(), StoreError> {
        unreachable!("no page is applied")
    }
}

/// The contents of a row, as a change that was made before it was shared.
fn contents((id, payload): (&RecordId, &JsonText)) -> SharedChangeEntry {
    SharedChangeEntry {
        hlc: Hlc::new(0, 1 << 16, Uuid::from_u128(1)),
        model_type: id.model_type.clone(),
        record_uuid: id.record_uuid,
        change_type: ChangeType::Insert,
        data: payload.clone(),
        model_version: 0,
        group_end: true,
    }
}

fn upgrade(device: &mut Strict) {
    run(redecide(&mut OneByOne(device), &Upgraded)).unwrap();
    device.refuse_dangling();
}

proptest! {
    #[test]
    fn an_upgraded_device_shows_what_the_new_version_shows(
        entries in proptest::collection::vec(needing_entry(), 1..40),
        before in 0..40usize,
    ) {
        let (early, late) = entries.split_at(before.min(entries.len()));
        let mut upgraded = Strict::default();
        upgraded.take(early);
        upgrade(&mut upgraded);
        run(merge(&mut upgraded, &Upgraded, late)).unwrap();

        let mut fresh = Strict::default();
        run(merge(&mut fresh, &Upgraded, &entries)).unwrap();
        prop_assert_eq!(upgraded.standings(), fresh.standings());
        prop_assert_eq!(upgraded.tables.0, fresh.tables.0);
        prop_assert_eq!(upgraded.ties, fresh.ties);
    }

    #[test]
    fn rows_get_versions_one_by_one_and_only_those_that_lack_a_row_are_removed(
        entries in proptest::collection::vec(needing_entry(), 1..40),
        kept in proptest::collection::vec(proptest::bool::weighted(0.9), 40),
    ) {
        let mut before = Strict::default();
        before.take(&entries);
        let mut rows = before.tables.0;
        let is_whole = kept.iter().take(rows.len()).all(|kept| *kept);
        let mut kept = kept.into_iter();
        rows.retain(|_, _| kept.next().unwrap_or(true));
        let changes: Vec<_> = rows.iter().map(contents).collect();

        let mut device = Strict::default();
        device.tables.0 = rows.clone();
        for change in &changes {
            let one = std::slice::from_ref(change);
            prop_assert!(run(baseline(&mut device, &App, one)).unwrap());
            prop_assert!(!run(baseline(&mut device, &App, one)).unwrap(), "it is known now");
        }
        prop_assert_eq!(&device.tables.0, &rows, "the rows stay as they are");
        run(decide_all(&mut OneByOne(&mut device), &App)).unwrap();
        device.refuse_dangling();
        if is_whole {
            prop_assert_eq!(&device.tables.0, &rows);
        }

        let mut fresh = Strict::default();
        fresh.take(&changes);
        prop_assert_eq!(device.standings(), fresh.standings());
        prop_assert_eq!(device.tables.0, fresh.tables.0);
        prop_assert_eq!(device.ties, fresh.ties);
    }

    #[test]
    fn to_decide_again_without_a_new_version_changes_nothing(
        entries in proptest::collection::vec(needing_entry(), 1..40),
    ) {
        let mut device = Strict::default();
        device.take(&entries);
        let (rows, records, ties) = (device.tables.0.clone(), device.records.clone(), device.ties.clone());
        run(redecide(&mut device, &App)).unwrap();
        prop_assert_eq!(&device.tables.0, &rows);
        prop_assert_eq!(&device.records, &records);
        prop_assert_eq!(&device.ties, &ties);
    }
}

/// The folder in the middle is shown before it is its turn, because the first one is.
#[test]
fn a_record_that_another_one_brings_along_takes_its_key_from_a_record_with_a_higher_id() {
    let id = |number: u8| RecordId::new("folder", Uuid::from_u128(u128::from(number)));
    let folder = |number: u8, name, parent: Option<u128>, model_version| {
        let parent = parent.map(Uuid::from_u128);
        let data = serde_json::json!({ "name": name, "parent": parent });
        let change = Change::insert("folder", id(number).record_uuid, &data).unwrap();
        let hlc = Hlc::new(1, u64::from(number), Uuid::from_u128(9));
        change.model_version(model_version).stamped(hlc)
    };
    let mut device = Strict::default();
    device.take(&[
        folder(1, "blue", None, 1),
        folder(2, "red", Some(1), 1),
        folder(3, "red", None, 0),
    ]);
    assert!(device.standings()[&id(3)].is_shown());
    upgrade(&mut device);
    let rows: Vec<_> = device.tables.0.keys().cloned().collect();
    assert_eq!(rows, [id(1), id(2)]);
}

#[test]
fn all_rows_are_written_again_because_the_earlier_version_may_have_left_something_out() {
    let change = Change::insert(
        "tag",
        Uuid::from_u128(1),
        &serde_json::json!({
            "name": "red", "colour": "#f00",
        }),
    );
    let hlc = Hlc::new(1, 0, Uuid::from_u128(2));
    let entry: SharedChangeEntry = change.unwrap().stamped(hlc);
    let mut device = Strict::default();
    device.take(&[entry]);
    let whole = device.tables.0.clone();
    // The earlier version has written the row without the member that it does not know.
    for row in device.tables.0.values_mut() {
        *row = JsonText::from(serde_json::json!({ "name": "red" }));
    }
    upgrade(&mut device);
    assert_eq!(device.tables.0, whole);
}
