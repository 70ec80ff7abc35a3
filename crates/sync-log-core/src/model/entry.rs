//! An entry of the log: one change of one shared record.

use std::fmt;
use std::str::FromStr;

use hlc::Hlc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::defaults::yes;

use super::json::{JsonText, JsonTextError};

/// What happened to the record.
///
/// The enum is exhaustive, because these three are the interchange format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeType {
    /// The record was created.
    Insert,
    /// The record was changed.
    Update,
    /// The record was deleted.
    Delete,
}

impl ChangeType {
    /// The stored form: `insert`, `update` or `delete`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The byte that stands for it in a [`Digest`](crate::Digest): 1, 2 or 3.
    pub(crate) const fn digest_byte(self) -> u8 {
        match self {
            Self::Insert => 1,
            Self::Update => 2,
            Self::Delete => 3,
        }
    }
}

impl fmt::Display for ChangeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A change type that is not `insert`, `update` or `delete`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to read change type {0:?}: it is none of insert, update, delete")]
pub struct UnknownChangeType(pub String);

impl FromStr for ChangeType {
    type Err = UnknownChangeType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "insert" => Ok(Self::Insert),
            "update" => Ok(Self::Update),
            "delete" => Ok(Self::Delete),
            other => Err(UnknownChangeType(other.to_owned())),
        }
    }
}

/// A change that has no stamp yet, for [`SyncLog::record`](crate::SyncLog::record).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// The kind of record, such as `tag` or `album`; 1 to 128 bytes.
    pub model_type: String,
    /// The record.
    pub record_uuid: Uuid,
    /// What happened to it.
    pub change_type: ChangeType,
    /// The record's content, or what changed in it: the app's own JSON.
    pub data: JsonText,
    /// The version of the model of `data`: the app's own number, which a peer compares with its
    /// own. It is 0 if the app does not number its versions.
    #[serde(default)]
    pub model_version: u32,
}

impl Change {
    /// Makes a change that created a record with the content `data`.
    ///
    /// ```
    /// use serde::Serialize;
    /// use sync_log_core::{Change, JsonTextError, Uuid};
    ///
    /// #[derive(Serialize)]
    /// struct Tag {
    ///     name: String,
    /// }
    ///
    /// fn created(id: Uuid, tag: &Tag) -> Result<Change, JsonTextError> {
    ///     Change::insert("tag", id, tag)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`JsonTextError`] if `data` has no JSON form: fix the type.
    pub fn insert(
        model_type: impl Into<String>,
        record_uuid: Uuid,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Self, JsonTextError> {
        Self::of(ChangeType::Insert, model_type, record_uuid, data)
    }

    /// Makes a change that updated a record. `data` is its new content, or the part that changed. With
    /// `SharedRecords` it is the whole model, unless the model is merged by member (`per_field`): then it is
    /// only the members that changed.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    pub fn update(
        model_type: impl Into<String>,
        record_uuid: Uuid,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Self, JsonTextError> {
        Self::of(ChangeType::Update, model_type, record_uuid, data)
    }

    /// Makes a change that deleted a record. Its `data` is `null`.
    #[must_use]
    pub fn delete(model_type: impl Into<String>, record_uuid: Uuid) -> Self {
        let data = JsonText::from(serde_json::Value::Null);
        Self::with(ChangeType::Delete, model_type.into(), record_uuid, data)
    }

    /// The same change, with `data` in that version of the model.
    #[must_use]
    pub const fn model_version(mut self, model_version: u32) -> Self {
        self.model_version = model_version;
        self
    }

    fn of(
        change_type: ChangeType,
        model_type: impl Into<String>,
        record_uuid: Uuid,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Self, JsonTextError> {
        let data = JsonText::from_serialize(data)?;
        Ok(Self::with(
            change_type,
            model_type.into(),
            record_uuid,
            data,
        ))
    }

    const fn with(
        change_type: ChangeType,
        model_type: String,
        record_uuid: Uuid,
        data: JsonText,
    ) -> Self {
        Self {
            model_type,
            record_uuid,
            change_type,
            data,
            model_version: 0,
        }
    }

    /// The same change, stamped: a group by itself.
    #[must_use]
    pub fn stamped(self, hlc: Hlc) -> SharedChangeEntry {
        SharedChangeEntry {
            hlc,
            model_type: self.model_type,
            record_uuid: self.record_uuid,
            change_type: self.change_type,
            data: self.data,
            model_version: self.model_version,
            group_end: true,
        }
    }

    pub(crate) fn content_bytes(&self) -> usize {
        self.model_type.len() + self.data.len_bytes()
    }
}

/// One entry of the log. Two entries are *identical* (`A1`) when all seven
/// fields are equal, `data` byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SharedChangeEntry {
    /// The stamp. It gives the position in the order, and the device that made the change.
    pub hlc: Hlc,
    /// The kind of record, such as `tag` or `album`; 1 to 128 bytes.
    pub model_type: String,
    /// The record.
    pub record_uuid: Uuid,
    /// What happened to it.
    pub change_type: ChangeType,
    /// The record's content, or what changed in it: the app's own JSON.
    pub data: JsonText,
    /// The version of the model of `data`; 0 if it is not known.
    #[serde(default)]
    pub model_version: u32,
    /// Whether the entry is the last one of its group. A group has the entries of one
    /// [`record_many`](crate::SyncLog::record_many), which are served together.
    #[serde(default = "yes")]
    pub group_end: bool,
}

impl SharedChangeEntry {
    /// Bytes that count against page and batch limits: `model_type` and `data`.
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        self.model_type.len() + self.data.len_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_types_round_trip_and_nothing_else_parses() {
        for kind in [ChangeType::Insert, ChangeType::Update, ChangeType::Delete] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for text in ["", "Insert", "bulk_insert", " delete"] {
            assert_eq!(
                text.parse::<ChangeType>(),
                Err(UnknownChangeType(text.to_owned()))
            );
        }
    }
}
