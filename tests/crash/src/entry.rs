//! Entries whose content follows from their name, so that a parent that knows
//! only names can say byte for byte what has to be in the file.

use sync_log_sqlite::{Change, ChangeType, Hlc, JsonText, SharedChangeEntry, Uuid};

/// The library of every log here.
pub const LIBRARY: Uuid = Uuid::from_u128(0x11);
/// The device of every log here.
pub const DEVICE: Uuid = Uuid::from_u128(0xa0);
/// The device whose logs are made where the files of another log were.
pub const OTHER: Uuid = Uuid::from_u128(0xa1);
/// A device whose stamps are only observed.
pub const STRANGER: Uuid = Uuid::from_u128(0xc0);
/// The devices that read and acknowledge.
pub const PEERS: [Uuid; 3] = [
    Uuid::from_u128(0xb0),
    Uuid::from_u128(0xb1),
    Uuid::from_u128(0xb2),
];

/// Data is at most this long in most entries.
const SHORT_BYTES: usize = 400;

/// And in one of so many it is longer than a page of the file.
const LONG_ONE_IN: u64 = 64;
const LONG_BYTES: usize = 9000;

/// From this index on, the entries of an operation are those of [`OTHER`].
pub const OF_OTHER: u32 = 1 << 16;

/// Names an entry: which child wrote it, in which operation, as which of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    pub child: u32,
    pub operation: u32,
    /// The place in a batch.
    pub index: u32,
}

impl EntryId {
    /// The record that this entry is of; no other entry is.
    pub fn record_uuid(self) -> Uuid {
        let (child, operation) = (u128::from(self.child), u128::from(self.operation));
        Uuid::from_u128(child << 64 | operation << 32 | u128::from(self.index))
    }

    /// The name of the entry that is of this record.
    pub fn of(record_uuid: Uuid) -> Option<Self> {
        let part = |shift: u32| u32::try_from(record_uuid.as_u128() >> shift & 0xffff_ffff).ok();
        let id = Self {
            child: part(64)?,
            operation: part(32)?,
            index: part(0)?,
        };
        (id.record_uuid() == record_uuid).then_some(id)
    }

    /// The entry before it has a stamp.
    pub fn change(self) -> Change {
        let mut rng = fastrand::Rng::with_seed(self.seed());
        let kinds = [ChangeType::Insert, ChangeType::Update, ChangeType::Delete];
        let length = if rng.u64(0..LONG_ONE_IN) == 0 {
            LONG_BYTES
        } else {
            rng.usize(0..SHORT_BYTES)
        };
        let filling = rng.lowercase().to_string().repeat(length);
        let data = format!(
            "{{\"by\":\"{}/{}/{}\",\"filling\":\"{filling}\"}}",
            self.child, self.operation, self.index
        );
        Change {
            model_type: ["tag", "album", "user_metadata"][rng.usize(0..3)].to_owned(),
            record_uuid: self.record_uuid(),
            change_type: kinds[rng.usize(0..3)],
            data: JsonText::new(data).expect("what is formatted above is JSON"),
            model_version: self.index,
        }
    }

    /// The whole entry.
    pub fn stamped(self, hlc: Hlc) -> SharedChangeEntry {
        self.change().stamped(hlc)
    }

    fn seed(self) -> u64 {
        let (child, operation) = (u64::from(self.child), u64::from(self.operation));
        (child << 40) ^ (operation << 20) ^ u64::from(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_its_entry_and_foreign_records_name_none() {
        let id = EntryId {
            child: 7,
            operation: u32::MAX,
            index: 3,
        };
        assert_eq!(EntryId::of(id.record_uuid()), Some(id));
        assert_eq!(EntryId::of(Uuid::from_u128(1 << 96)), None);
    }

    #[test]
    fn content_follows_from_the_name() {
        let id = |index| EntryId {
            child: 1,
            operation: 2,
            index,
        };
        assert_eq!(id(3).change(), id(3).change());
        assert_ne!(id(3).change().data, id(4).change().data);
        assert!((0..1000).any(|index| id(index).change().data.len_bytes() > LONG_BYTES));
    }
}
