//! What a log knows about itself, apart from its entries and peers.

use hlc::Hlc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cursor::Cursor;
use crate::error::LogError;
use crate::tag::Tag;

/// Whose log it is, and which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogIdentity {
    /// The library that the records belong to.
    pub library_id: Uuid,
    /// The device whose changes it holds.
    pub device_id: Uuid,
    /// Random, made with the file: tells this log from every other of the
    /// same device.
    pub log_id: Uuid,
}

impl LogIdentity {
    /// Refuses ids that stand for nothing.
    ///
    /// # Errors
    /// [`LogError::NilId`].
    pub fn validate(&self) -> Result<(), LogError> {
        refuse_nil(self.library_id, "library id")?;
        refuse_nil(self.device_id, "device id")?;
        refuse_nil(self.log_id, "log id")
    }
}

pub(crate) fn refuse_nil(id: Uuid, what: &'static str) -> Result<(), LogError> {
    if id.is_nil() {
        Err(LogError::NilId { what })
    } else {
        Ok(())
    }
}

/// A place in the log that no longer needs its entry: HLC and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The stamp of the entry.
    pub hlc: Hlc,
    /// The tag of the entry.
    pub tag: Tag,
}

impl Mark {
    /// Before every entry.
    pub const ZERO: Self = Self {
        hlc: Hlc::ZERO,
        tag: Tag::ZERO,
    };
}

/// The log's own state; one row, read and written with the entries in one
/// transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogState {
    /// Whose log it is.
    pub identity: LogIdentity,
    /// Highest HLC ever committed; survives pruning and restart.
    pub head: Hlc,
    /// Highest HLC ever pruned, with its tag.
    pub floor: Mark,
    /// Highest HLC issued or observed; at or above the head.
    pub high_water: Hlc,
    /// Whether the app declared that there are no peers (`P2`).
    pub solo: bool,
}

impl LogState {
    /// The state of a new, empty log.
    #[must_use]
    pub const fn new(identity: LogIdentity) -> Self {
        Self {
            identity,
            head: Hlc::ZERO,
            floor: Mark::ZERO,
            high_water: Hlc::ZERO,
            solo: false,
        }
    }

    /// The floor as a cursor; the zero cursor if nothing was ever pruned.
    #[must_use]
    pub fn floor_cursor(&self) -> Cursor {
        Cursor::at(self.identity.log_id, self.floor.hlc, self.floor.tag)
    }
}
