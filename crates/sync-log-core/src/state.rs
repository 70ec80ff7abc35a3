//! What a log knows about itself, apart from its entries and peers.

use hlc::Hlc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cursor::Cursor;
use crate::error::LogError;
use crate::proof::Altered;
use crate::tag::Mark;

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

/// The log's own state; one row, read and written with the entries in one
/// transaction.
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
    /// Whether the app declared that there are no peers (`P2`).
    pub solo: bool,
    /// Whether the peers that are registered are all there are. Not so after an
    /// adoption, until the app or an operator has said so (`I3`).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub peers_declared: bool,
    /// Where it was found that what is stored is not what was written, if it was: nothing is
    /// served, added or deleted until it was adopted again, by opening it (`I4`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altered: Option<Altered>,
}

/// What a document says that is older than the question.
pub(crate) const fn yes() -> bool {
    true
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
            solo: false,
            peers_declared: true,
            altered: None,
        }
    }

    /// Refuses what another program wrote to (`I4`).
    pub(crate) fn refuse_altered(&self) -> Result<(), LogError> {
        self.altered.map_or(Ok(()), |altered| Err(altered.into()))
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
