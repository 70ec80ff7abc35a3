//! The app's models, in two releases.
//!
//! Tags have a unique name. An album may have a cover, which is a link. A link follows its album, and
//! must refer to a tag. A note has members that are merged one by one from the second release on. A memo
//! exists in the second release only, and must refer to a tag. So albums and links refer to each other,
//! payloads come in a newer version, in a newer model, and with newer members.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_log_core::receive::{Facts, Key, Models, Need, Reading, RecordId, Reference, Rule};
use sync_log_core::{JsonText, Uuid};

use super::fault::AppFault;

/// The members of a payload.
pub type Payload = BTreeMap<String, Value>;

/// The version of the model `note` from which on its members are merged one by one.
pub(crate) const PER_FIELD_SINCE: u32 = 2;

/// A release of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Release {
    /// It knows neither memos, nor the newer version of notes, nor the colour of a tag and the rank of
    /// a link.
    #[default]
    First,
    /// It knows everything.
    Second,
}

impl Release {
    /// The version of a model that it writes, which is the newest that it reads; `None` if it does not
    /// know the model.
    pub(crate) fn version(self, model: &str) -> Option<u32> {
        match (model, self) {
            ("tag" | "album" | "link", _) | ("note", Self::First) | ("memo", Self::Second) => {
                Some(1)
            }
            ("note", Self::Second) => Some(2),
            _ => None,
        }
    }

    /// The members of a model that it knows.
    pub fn members(self, model: &str) -> &'static [&'static str] {
        match (model, self) {
            ("tag", Self::First) => &["name"],
            ("tag", Self::Second) => &["name", "colour"],
            ("album", _) => &["title", "cover"],
            ("link", Self::First) => &["album", "tag"],
            ("link", Self::Second) => &["album", "tag", "rank"],
            ("note", Self::First) => &["a", "b"],
            ("note", Self::Second) => &["a", "b", "c"],
            ("memo", Self::Second) => &["text", "tag"],
            _ => &[],
        }
    }

    /// Whether it merges the members of a model one by one.
    pub fn is_per_field(self, model: &str) -> bool {
        model == "note" && self == Self::Second
    }

    /// What its tables hold of a payload.
    pub(crate) fn row(self, model: &str, payload: &Payload) -> Payload {
        let known = self.members(model).iter();
        let value = |name: &&str| payload.get(*name).cloned().unwrap_or(Value::Null);
        known
            .map(|name| ((*name).to_owned(), value(name)))
            .collect()
    }

    /// Whether its tables refuse a row, as with a constraint that the next release no longer has.
    pub(crate) fn refuses(self, model: &str, row: &Payload) -> bool {
        let title = row.get("title").and_then(Value::as_str);
        let has_cover = row.get("cover").is_some_and(|cover| !cover.is_null());
        let is_word = match title {
            Some(REFUSED_TITLE) => false,
            Some(TITLE_OF_A_COVER) => has_cover,
            _ => true,
        };
        self == Self::First && model == "album" && !is_word
    }
}

/// The title that the first release cannot show.
pub(crate) const REFUSED_TITLE: &str = "?";
/// The title that the first release can show only with a cover.
pub(crate) const TITLE_OF_A_COVER: &str = "!";

/// Why its tables refuse that title.
pub const REFUSAL: &str = "a title is a word";

/// The members of a model that refer to other records, and what they refer to.
pub(crate) fn references(model: &str, payload: &Payload) -> Vec<Reference> {
    let members: &[(&str, &str, Need)] = match model {
        "album" => &[("cover", "link", Need::May)],
        "link" => &[
            ("album", "album", Need::Follows),
            ("tag", "tag", Need::Must),
        ],
        "memo" => &[("tag", "tag", Need::Must)],
        _ => &[],
    };
    let reference = |(member, to, need): &(&str, &str, Need)| {
        let id: Uuid = payload.get(*member)?.as_str()?.parse().ok()?;
        Some(Reference {
            member: (*member).to_owned(),
            to: RecordId::new(*to, id),
            need: *need,
        })
    };
    members.iter().filter_map(reference).collect()
}

/// The unique key of a record, if it has one.
pub(crate) fn unique_key(model: &str, payload: &Payload) -> Option<String> {
    let name = payload.get("name").and_then(Value::as_str);
    name.filter(|_| model == "tag").map(str::to_owned)
}

/// The members of a payload; none if it is no object.
pub(crate) fn members(payload: &JsonText) -> Payload {
    payload.parse_as().unwrap_or_default()
}

/// The models, as a receiver sees them.
pub(crate) struct AppModels {
    pub(crate) release: Release,
    pub(crate) fault: Option<AppFault>,
}

impl AppModels {
    /// The newest version of a model that it takes.
    fn newest(&self, model: &str) -> Option<u32> {
        let version = self.release.version(model)?;
        if self.fault == Some(AppFault::NewerByOldRules) {
            return Some(u32::MAX);
        }
        Some(version)
    }
}

impl Models for AppModels {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        if self.release.is_per_field(model_type) {
            return Rule::PerField {
                since: PER_FIELD_SINCE,
            };
        }
        let newest = self.newest(model_type);
        if newest.is_some_and(|newest| model_version <= newest) {
            return Rule::WholeRecord;
        }
        Rule::Unknown
    }

    fn knows(&self, model_type: &str, member: &str) -> bool {
        self.fault == Some(AppFault::UnknownMembersStripped)
            || self.release.members(model_type).contains(&member)
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        let Some(newest) = self.newest(model_type) else {
            return Reading::UnknownModel;
        };
        if model_version > newest {
            return Reading::NewerModel;
        }
        let payload = members(payload);
        let key = unique_key(model_type, &payload).map(|value| Key {
            name: "name".to_owned(),
            value,
        });
        Reading::Readable(Facts {
            references: references(model_type, &payload),
            keys: key.into_iter().collect(),
        })
    }
}
