//! Ids, times, peers, changes and entries to try things with.

use sync_log_core::{Change, ChangeType, Cursor, Hlc, JsonText, SharedChangeEntry, Tag, Uuid};

/// The time at which every case begins, in ms since the Unix epoch.
pub const START_MS: i64 = 1_700_000_000_000;
/// An hour, in ms.
pub const HOUR_MS: i64 = 3_600_000;
/// The library of every case.
pub const LIBRARY: Uuid = Uuid::from_u128(0x00c0_ffee);
/// The device of every case.
pub const DEVICE: Uuid = Uuid::from_u128(0x00d0_0d1e);

/// The sample peer of that number.
pub fn peer(number: u128) -> Uuid {
    Uuid::from_u128(0x00fe_ed00 + number)
}

/// A change that differs for each number.
pub fn change(number: usize) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(0x7a90 + number as u128),
        change_type: ChangeType::Insert,
        data: JsonText::from(serde_json::json!({ "name": format!("tag {number}") })),
        model_version: 1,
    }
}

/// What one entry of [`change`] counts, for numbers of one digit.
pub fn bytes_each() -> u64 {
    let change = change(0);
    (change.model_type.len() + change.data.len_bytes()) as u64
}

/// A change with exactly that many bytes of data, at least 2.
pub fn change_of_bytes(data_bytes: usize) -> Change {
    let text = format!("\"{}\"", "x".repeat(data_bytes - 2));
    Change {
        data: JsonText::new(text).unwrap(),
        ..change(0)
    }
}

/// An entry that [`change`] makes.
pub fn entry(hlc: Hlc, number: usize) -> SharedChangeEntry {
    change(number).stamped(hlc)
}

/// The same entries as one group.
pub fn grouped(mut entries: Vec<SharedChangeEntry>) -> Vec<SharedChangeEntry> {
    if let Some((_, others)) = entries.split_last_mut() {
        others.iter_mut().for_each(|entry| entry.group_end = false);
    }
    entries
}

/// A stamp of this device, `ahead_ms` after `hlc`.
pub fn own_after(hlc: Hlc, ahead_ms: u64) -> Hlc {
    Hlc::new(hlc.timestamp + ahead_ms, 0, DEVICE)
}

/// The stamp right below `hlc`, of the same device.
pub fn just_below(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_sub(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc::new(hlc.timestamp - 1, u64::MAX, hlc.device_id),
    }
}

/// The stamp right above `hlc`, of the same device.
pub fn just_above(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_add(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc::new(hlc.timestamp + 1, 0, hlc.device_id),
    }
}

/// The same millisecond and counter, of another device.
pub fn foreign(hlc: Hlc) -> Hlc {
    Hlc {
        device_id: peer(99),
        ..hlc
    }
}

/// The same cursor with another tag.
pub fn retagged(cursor: Cursor) -> Cursor {
    let tag = other_tag(cursor.tag());
    Cursor::new(cursor.log_id(), cursor.hlc(), tag).unwrap()
}

/// A tag that differs in one bit.
pub fn other_tag(tag: Tag) -> Tag {
    let mut bytes = tag.to_bytes();
    bytes[Tag::BYTES_LEN - 1] ^= 1;
    Tag::from_bytes(bytes)
}

/// A tag that no log gave out.
pub const fn made_up_tag(byte: u8) -> Tag {
    Tag::from_bytes([byte; Tag::BYTES_LEN])
}

/// The same cursor in another log.
pub fn in_other_log(cursor: Cursor) -> Cursor {
    Cursor::new(Uuid::from_u128(0x0dd), cursor.hlc(), cursor.tag()).unwrap()
}
