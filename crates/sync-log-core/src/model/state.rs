//! What a log knows about itself, apart from its entries and peers.

use hlc::{CEILING_MS, Hlc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::defaults::yes;

use super::cursor::Cursor;
use super::ids::{DeviceId, LibraryId};
use super::proof::Altered;
use super::tag::{Mark, Tag};

/// Whose log it is, and the id of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogIdentity {
    /// The library that the records belong to.
    pub library_id: LibraryId,
    /// The device whose changes it holds.
    pub device_id: DeviceId,
    /// A random id, drawn when the file is made: it distinguishes this log from every other log of
    /// the same device.
    pub log_id: Uuid,
}

impl LogIdentity {
    /// Which of the ids is nil, if one is: such a log was not made by this program.
    #[must_use]
    pub fn nil_id(&self) -> Option<&'static str> {
        let ids = [
            (self.library_id.as_uuid(), "library id"),
            (self.device_id.as_uuid(), "device id"),
            (self.log_id, "log id"),
        ];
        let nil = ids.into_iter().find(|(id, _)| id.is_nil());
        nil.map(|(_, what)| what)
    }
}

/// Whether the app already has records when its log is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Birth {
    /// The app has no records, so peers lack nothing but the entries of the log.
    #[default]
    Alone,
    /// The app has records that are in no log: from a time without sync, from a baseline, or
    /// because the log was lost. The log begins with a floor, so that no peer starts at zero and
    /// misses these records: each peer takes a snapshot first (`R2`).
    BesideRecords,
    /// The log takes the place of one that was lost, whose last entry had this stamp. It begins with a
    /// floor there: each peer takes a snapshot first.
    After(Hlc),
}

/// The state of a log: one row, which is read and written in one transaction with the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogState {
    /// Whose log it is.
    pub identity: LogIdentity,
    /// Highest HLC ever committed, with its tag; survives pruning and restart.
    pub head: Mark,
    /// Highest HLC ever pruned, with its tag.
    pub floor: Mark,
    /// Highest HLC issued or observed; at or above the head.
    pub high_water: Hlc,
    /// The stamp that was drawn when the log got its log id. This device may have issued any stamp
    /// up to here in an earlier log. Zero if there cannot have been an earlier log.
    #[serde(default = "never", skip_serializing_if = "Hlc::is_zero")]
    pub settled: Hlc,
    /// Whether the app declared that there are no peers (`P2`).
    pub solo: bool,
    /// Whether the registered peers are all the peers there are. After an adoption they are not,
    /// until the app or an operator declares it (`I3`).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub peers_declared: bool,
    /// Whether own changes come with the versions of their records, from a receiver. Then the log
    /// refuses every change that comes without (`W2`).
    #[serde(default, skip_serializing_if = "is_not")]
    pub with_records: bool,
    /// The finding that the stored log is not as it was written, if there is one. Nothing is
    /// served, added or deleted until the next opening adopts the log (`I4`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altered: Option<Altered>,
}

/// The value of a document that was written before the field existed.
const fn never() -> Hlc {
    Hlc::ZERO
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl LogState {
    /// The state of a new, empty log.
    #[must_use]
    pub const fn new(identity: LogIdentity) -> Self {
        Self {
            identity,
            head: Mark::ZERO,
            floor: Mark::ZERO,
            high_water: Hlc::ZERO,
            settled: Hlc::ZERO,
            solo: false,
            peers_declared: true,
            with_records: false,
            altered: None,
        }
    }

    /// The state of a log that is made when the wall clock reads `now_ms`.
    #[must_use]
    pub fn made(identity: LogIdentity, now_ms: i64, birth: Birth) -> Self {
        // A reading that the clock would not take counts as 0.
        let before = u64::try_from(now_ms.saturating_sub(1)).ok();
        let before = before.filter(|ms| *ms < CEILING_MS).unwrap_or_default();
        let settled = Hlc::new(before, 0, identity.device_id.as_uuid());
        let settled = match birth {
            Birth::Alone | Birth::BesideRecords => settled,
            Birth::After(last) => last,
        };
        let begin = match birth {
            Birth::Alone => Mark::ZERO,
            Birth::BesideRecords | Birth::After(_) => Mark {
                hlc: settled,
                tag: Tag::ZERO,
            },
        };
        Self {
            head: begin,
            floor: begin,
            high_water: settled,
            settled,
            ..Self::new(identity)
        }
    }

    /// The head as a cursor; the zero cursor if nothing was ever committed.
    #[must_use]
    pub fn head_cursor(&self) -> Cursor {
        Cursor::at(self.identity.log_id, self.head)
    }

    /// The floor as a cursor; the zero cursor if nothing was ever pruned.
    #[must_use]
    pub fn floor_cursor(&self) -> Cursor {
        Cursor::at(self.identity.log_id, self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(now_ms: i64, birth: Birth) -> LogState {
        let identity = LogIdentity {
            library_id: Uuid::from_u128(1).into(),
            device_id: Uuid::from_u128(2).into(),
            log_id: Uuid::from_u128(3),
        };
        LogState::made(identity, now_ms, birth)
    }

    #[test]
    fn a_new_log_is_settled_just_before_its_first_stamp() {
        let state = made(1000, Birth::Alone);
        let settled = Hlc::new(999, 0, state.identity.device_id.as_uuid());
        assert_eq!((state.settled, state.high_water), (settled, settled));
        assert_eq!((state.head, state.floor), (Mark::ZERO, Mark::ZERO));
        assert_eq!(state.floor_cursor(), Cursor::ZERO);
    }

    #[test]
    fn a_log_that_takes_the_place_of_another_begins_where_that_one_ended() {
        let last = Hlc::new(5000, 7, Uuid::from_u128(2));
        let state = made(1000, Birth::After(last));
        let stamps = [
            state.head.hlc,
            state.floor.hlc,
            state.settled,
            state.high_water,
        ];
        assert_eq!(stamps, [last; 4]);
    }

    #[test]
    fn a_log_that_is_made_beside_records_begins_with_a_floor() {
        let state = made(1000, Birth::BesideRecords);
        assert_eq!(
            (state.head.hlc, state.floor.hlc),
            (state.settled, state.settled)
        );
        assert_eq!(state.head_cursor(), state.floor_cursor());
        assert!(!state.floor_cursor().is_zero());
        // Even if the wall clock is of no use.
        for now_ms in [i64::MIN, 0, i64::MAX] {
            let timeless = made(now_ms, Birth::BesideRecords);
            assert!(!timeless.floor_cursor().is_zero(), "{now_ms}");
            assert_eq!(timeless.settled.timestamp, 0, "{now_ms}");
        }
    }
}
