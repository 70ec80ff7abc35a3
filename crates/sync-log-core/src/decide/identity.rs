//! Whose log it is, and whether the stored log is still as it was written.

use uuid::Uuid;

use crate::error::LogError;
use crate::model::{LogIdentity, LogState};

/// Refuses ids that stand for nothing.
pub(crate) fn refuse_nil_ids(identity: &LogIdentity) -> Result<(), LogError> {
    match identity.nil_id() {
        Some(what) => Err(LogError::NilId { what }),
        None => Ok(()),
    }
}

/// Refuses an id that stands for nothing.
pub(crate) fn refuse_nil(id: Uuid, what: &'static str) -> Result<(), LogError> {
    if id.is_nil() {
        Err(LogError::NilId { what })
    } else {
        Ok(())
    }
}

/// Refuses a log to which another program wrote (`I4`).
pub(crate) fn refuse_altered(state: &LogState) -> Result<(), LogError> {
    state.altered.map_or(Ok(()), |altered| Err(altered.into()))
}
