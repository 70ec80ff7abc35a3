//! The name of a record.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(feature = "natural-keys")]
use crate::model::LibraryId;
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

/// The id of a record that has a natural key which never changes, such as a default tag with its name.
/// All devices of a library derive the same id, so devices that make the record independently make one
/// record (`X8`), and no other record has its unique key.
///
/// The key is compared byte for byte. If two spellings are one key for the app, pass one of them: the name in
/// lower case, for example. For a key of several parts, pass parts of fixed length one after the other, such as
/// the bytes of two UUIDs, or write the parts in a form that keeps them apart, such as JSON.
///
/// The id is a UUID of version 5 ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.5)): of the key,
/// in the namespace that is the UUID of version 5 of the model, in the namespace of the library. The form is
/// frozen.
///
/// ```
/// use sync_log_core::Uuid;
/// use sync_log_core::receive::record_id;
///
/// let library = Uuid::from_u128(1);
/// let beach = record_id(library, "tag", "beach");
/// assert_eq!(beach, record_id(library, "tag", "beach"));
/// assert_ne!(beach, record_id(library, "album", "beach"));
/// ```
#[cfg(feature = "natural-keys")]
#[must_use]
pub fn record_id(
    library_id: impl Into<LibraryId>,
    model_type: &str,
    key: impl AsRef<[u8]>,
) -> Uuid {
    let model = Uuid::new_v5(&library_id.into().as_uuid(), model_type.as_bytes());
    Uuid::new_v5(&model, key.as_ref())
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.model_type, self.record_uuid)
    }
}
