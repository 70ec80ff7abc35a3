//! The changes of a simulation: numbered, so that equal numbers mean the same
//! change, whatever stamp it has.

use sync_log_core::{Change, ChangeType, JsonText, SharedChangeEntry, Uuid};

/// The change with that number.
pub fn change(number: u64) -> Change {
    let change_type = match number % 3 {
        0 => ChangeType::Insert,
        1 => ChangeType::Update,
        _ => ChangeType::Delete,
    };
    // White space that a store must not touch.
    let data = format!("{{ \"n\" : {number} }}\n");
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u64_pair(0, number),
        change_type,
        data: JsonText::new(data).expect("an object with a number in it is JSON"),
        model_version: u32::try_from(number % 4).unwrap_or_default(),
    }
}

/// The number of the change in an entry.
pub fn number(entry: &SharedChangeEntry) -> u64 {
    entry.record_uuid.as_u64_pair().1
}

/// Whether an entry holds the change whose number it bears, unaltered, in whatever group.
pub fn is_unaltered(entry: &SharedChangeEntry) -> bool {
    let mut expected = change(number(entry)).stamped(entry.hlc);
    expected.group_end = entry.group_end;
    *entry == expected
}
