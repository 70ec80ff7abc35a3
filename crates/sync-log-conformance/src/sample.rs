//! Peers, changes and entries to try things with.

use sync_log_core::{Change, ChangeType, Cursor, Hlc, JsonText, SharedChangeEntry, Tag, Uuid};

use crate::rig::DEVICE;

/// The sample peer of that number.
#[must_use]
pub fn peer(number: u128) -> Uuid {
    Uuid::from_u128(0x00fe_ed00 + number)
}

/// A change, another one for each number.
#[must_use]
pub fn change(number: usize) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(0x7a90 + number as u128),
        change_type: ChangeType::Insert,
        data: JsonText::from(serde_json::json!({ "name": format!("tag {number}") })),
    }
}

/// A change with exactly that many bytes of data, at least 2.
#[must_use]
pub fn change_of_bytes(data_bytes: usize) -> Change {
    let text = format!("\"{}\"", "x".repeat(data_bytes - 2));
    Change {
        data: JsonText::new(text).unwrap(),
        ..change(0)
    }
}

/// An entry that [`change`] makes.
#[must_use]
pub fn entry(hlc: Hlc, number: usize) -> SharedChangeEntry {
    change(number).stamped(hlc)
}

/// A stamp of this device, `ahead_ms` after `hlc`.
#[must_use]
pub fn own_after(hlc: Hlc, ahead_ms: u64) -> Hlc {
    Hlc::new(hlc.timestamp + ahead_ms, 0, DEVICE)
}

/// The stamp right below `hlc`, of the same device.
#[must_use]
pub fn just_below(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_sub(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc::new(hlc.timestamp - 1, u64::MAX, hlc.device_id),
    }
}

/// The stamp right above `hlc`, of the same device.
#[must_use]
pub fn just_above(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_add(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc::new(hlc.timestamp + 1, 0, hlc.device_id),
    }
}

/// The same point in time and count, of another device.
#[must_use]
pub fn foreign(hlc: Hlc) -> Hlc {
    Hlc {
        device_id: peer(99),
        ..hlc
    }
}

/// The same place with another tag.
#[must_use]
pub fn retagged(cursor: Cursor) -> Cursor {
    let tag = Tag::from_u64(cursor.tag().as_u64() ^ 1);
    Cursor::new(cursor.log_id(), cursor.hlc(), tag).unwrap()
}

/// The same place in another log.
#[must_use]
pub fn in_other_log(cursor: Cursor) -> Cursor {
    Cursor::new(Uuid::from_u128(0x0dd), cursor.hlc(), cursor.tag()).unwrap()
}
