//! The name of a record.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::SharedChangeEntry;

/// A record that devices share: its model, and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId {
    /// The kind of record, such as `tag` or `album`.
    pub model_type: String,
    /// The record.
    pub record_uuid: Uuid,
}

impl RecordId {
    /// The record of this model with this id.
    #[must_use]
    pub fn new(model_type: impl Into<String>, record_uuid: Uuid) -> Self {
        Self {
            model_type: model_type.into(),
            record_uuid,
        }
    }

    /// The record that an entry changes.
    #[must_use]
    pub fn of(entry: &SharedChangeEntry) -> Self {
        Self::new(entry.model_type.clone(), entry.record_uuid)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.model_type, self.record_uuid)
    }
}
