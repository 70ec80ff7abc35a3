//! Whether a record is shown, and why not.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::RecordId;
use super::version::{Rule, Version};
use crate::model::JsonText;

/// What the app's tables show of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The record was deleted.
    Deleted,
    /// A row of the app's tables shows it.
    Shown {
        /// The members of the payload that are shown empty, because the record to which they refer
        /// is not shown.
        emptied: Vec<String>,
    },
    /// The record is live, and the app's tables do not show it.
    NotShown(WhyNotShown),
}

/// Why a live record is not shown (`X6`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyNotShown {
    /// The app does not know the model.
    UnknownModel,
    /// The payload is in a newer version of the model than the app knows.
    NewerModel,
    /// A live record with a lower id holds one of the unique keys of this record.
    DuplicateOf(Uuid),
    /// A record to which this record must refer is not shown: that record is deleted, has not arrived yet,
    /// or has a reason of its own.
    MissingRecord(RecordId),
    /// The app cannot show the payload, for this reason.
    Refused(String),
}

/// A record as a receiver keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The merged changes.
    pub version: Version,
    /// What the app's tables show of the record.
    pub standing: Standing,
}

impl Record {
    /// The payload that the row of the record shows, in which the members that are shown empty are null;
    /// `None` if no row shows the record. `rule` is the rule of the version's model version.
    #[must_use]
    pub fn shown(&self, rule: Rule) -> Option<JsonText> {
        let emptied = self.standing.emptied()?;
        let payload = self.version.payload(rule)?;
        Some(without(&payload, emptied))
    }
}

impl Standing {
    /// Whether a row of the app's tables shows the record.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        matches!(self, Self::Shown { .. })
    }

    /// The members that are shown empty, if a row shows the record.
    #[must_use]
    pub fn emptied(&self) -> Option<&[String]> {
        match self {
            Self::Shown { emptied } => Some(emptied),
            Self::Deleted | Self::NotShown(_) => None,
        }
    }

    /// Why a live record is not shown.
    #[must_use]
    pub const fn why_not_shown(&self) -> Option<&WhyNotShown> {
        match self {
            Self::NotShown(why) => Some(why),
            Self::Deleted | Self::Shown { .. } => None,
        }
    }
}

/// A payload in which these members are null.
pub(super) fn without(payload: &JsonText, emptied: &[String]) -> JsonText {
    if emptied.is_empty() {
        return payload.clone();
    }
    let null = JsonText::from(serde_json::Value::Null);
    let mut members = payload.members();
    for name in emptied {
        members.insert(name.clone(), null.clone());
    }
    JsonText::object(&members)
}

impl WhyNotShown {
    /// The name of the reason, without the record or text that belongs to it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::UnknownModel => "unknown_model",
            Self::NewerModel => "newer_model",
            Self::DuplicateOf(_) => "duplicate_of",
            Self::MissingRecord(_) => "missing_record",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for WhyNotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel => f.write_str("this app does not know the model"),
            Self::NewerModel => f.write_str("it was written by a newer version of the app"),
            Self::DuplicateOf(other) => write!(f, "record {other} has the same unique key"),
            Self::MissingRecord(missing) => write!(
                f,
                "it refers to {missing}, which is deleted, has not come yet, or is not shown itself"
            ),
            Self::Refused(why) => write!(f, "the app cannot show it: {why}"),
        }
    }
}
