//! Records, entries and cursors to try a receiver's database with.

use sync_log_core::receive::{Move, Record, RecordId, RecordWrite, Rule, Standing, Tie, Version};
use sync_log_core::{ChangeType, Cursor, Hlc, JsonText, SharedChangeEntry, Tag, Uuid};

use crate::sample::{DEVICE, START_MS, change, made_up_tag, peer};

/// The model that the app knows.
pub const TAG: &str = "tag";

/// A stamp of the sample peer of that number, `ms` after the beginning of the case.
pub fn stamp(origin: u128, ms: u64) -> Hlc {
    Hlc::new(START_MS.unsigned_abs() + ms, 0, peer(origin))
}

/// A stamp of this device, `ms` after the highest one that it has given out or received.
pub fn own_above(mark: Hlc, ms: u64) -> Hlc {
    let from = mark.timestamp.max(START_MS.unsigned_abs());
    Hlc::new(from + ms, 0, DEVICE)
}

/// The record of the app's model with that number.
pub fn id(number: usize) -> RecordId {
    RecordId::new(TAG, change(number).record_uuid)
}

/// The entry of another device that inserts that record.
pub fn received(ms: u64, number: usize) -> SharedChangeEntry {
    change(number).stamped(stamp(1, ms))
}

/// The same as a deletion.
pub fn deletion(ms: u64, number: usize) -> SharedChangeEntry {
    SharedChangeEntry {
        change_type: ChangeType::Delete,
        data: JsonText::from(serde_json::Value::Null),
        ..received(ms, number)
    }
}

/// The record of which this is the only change, as the app shows it, and tied to nothing.
pub fn written(entry: &SharedChangeEntry) -> RecordWrite {
    let standing = match entry.change_type {
        ChangeType::Delete => Standing::Deleted,
        ChangeType::Insert | ChangeType::Update => Standing::Shown {
            emptied: Vec::new(),
        },
    };
    RecordWrite {
        id: RecordId::of(entry),
        record: Record {
            version: Version::first(entry, Rule::WholeRecord),
            standing,
        },
        ties: Some(Vec::new()),
    }
}

/// The same record with what ties it.
pub fn tied(write: RecordWrite, ties: impl IntoIterator<Item = Tie>) -> RecordWrite {
    RecordWrite {
        ties: Some(ties.into_iter().collect()),
        ..write
    }
}

/// A key tie of the app's model.
pub fn key(name: &str, value: &str) -> Tie {
    Tie::Key {
        model_type: TAG.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// The step that shows that record by this name.
pub fn show(number: usize, name: &str) -> Move {
    let payload = serde_json::json!({ "name": name });
    Move::Show(id(number), JsonText::from(payload))
}

/// What the rows are, as the harness returns them.
pub fn rows<const N: usize>(of: [(usize, &str); N]) -> std::collections::BTreeMap<Uuid, String> {
    let rows = of.into_iter();
    rows.map(|(number, name)| (id(number).record_uuid, name.to_owned()))
        .collect()
}

/// A cursor in the log of a sample peer.
pub fn cursor(origin: u128, ms: u64) -> Cursor {
    let tag: Tag = made_up_tag(7);
    Cursor::new(Uuid::from_u128(0x109 + origin), stamp(origin, ms), tag).unwrap()
}
