//! What a payload says about other records: references and unique keys.

use std::fmt;

use super::record::RecordId;
use super::version::Rule;
use crate::model::JsonText;

/// The app's models, as far as a receiver has to know them.
///
/// The answers depend on the arguments alone, because every device has to decide in the same way from
/// the versions what is shown (`X6`).
pub trait Models {
    /// How the changes of a model are merged; [`Rule::Unknown`] if this program does not know the
    /// model, or not yet that version of it.
    fn rule(&self, model_type: &str, model_version: u32) -> Rule;

    /// Whether the app knows a member of the payloads of a model. Members that it does not know are
    /// kept, and put back into its own writes.
    fn knows(&self, model_type: &str, member: &str) -> bool;

    /// Whether records of any model may follow records of this one ([`Need::Follows`]). A record that counts
    /// as deleted because it follows another one is forgotten only if nothing follows its model: a new
    /// record that follows it is deleted by the next deletion of the other one, too.
    fn is_followed(&self, _model_type: &str) -> bool {
        true
    }

    /// Whether records of this model may follow others ([`Need::Follows`]). If an app deletes a record that is
    /// followed and then writes one that may follow it, in the same group, the records that refer to the second
    /// one are decided again: the database may have deleted its row, and what depends on that row.
    fn is_follower(&self, _model_type: &str) -> bool {
        true
    }

    /// Reads a payload.
    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading;

    /// The records to which a payload refers, even if it has only some of the members of a record and cannot
    /// be read as one. A group waits for records to which it must refer (`X2`).
    fn references(
        &self,
        model_type: &str,
        model_version: u32,
        payload: &JsonText,
    ) -> Vec<Reference> {
        match self.read(model_type, model_version, payload) {
            Reading::Readable(facts) => facts.references,
            Reading::UnknownModel | Reading::NewerModel | Reading::Refused(_) => Vec::new(),
        }
    }
}

/// How the app reads a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The app can show the payload.
    Readable(Facts),
    /// The app does not know the model.
    UnknownModel,
    /// The payload is in a newer version of the model than the app knows.
    NewerModel,
    /// The payload does not fit the model, for this reason.
    Refused(String),
}

/// What a payload says about other records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The records to which it refers.
    pub references: Vec<Reference>,
    /// The keys that no other live record of the model may have. A key with a part that is NULL is left
    /// out.
    pub keys: Vec<Key>,
}

/// A reference to another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The member of the payload that holds the reference.
    pub member: String,
    /// The record to which it refers.
    pub to: RecordId,
    /// What becomes of the referring record if the other record is not shown.
    pub need: Need,
}

/// What becomes of a referring record if the record to which it refers is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// The referring record is not shown either.
    Must,
    /// The referring record is shown with an empty reference.
    May,
    /// The referring record is not shown either. A deletion of the other record deletes it: it counts as
    /// deleted unless it was changed after that deletion. If it counts as deleted, so does what follows it.
    Follows,
}

/// A unique key, and its value in one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The name of the key, such as that of its index.
    pub name: String,
    /// The value. Values that the app's database takes for equal have equal texts.
    pub value: String,
}

/// What ties records together. Records that are tied are decided together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// The tied records refer to this record.
    Reference(RecordId),
    /// The tied records hold this value of a unique key of the model.
    Key {
        /// The model.
        model_type: String,
        /// The name of the key.
        name: String,
        /// The value.
        value: String,
    },
}

impl Facts {
    /// The records that the record with these facts follows.
    pub(super) fn followed(&self) -> impl Iterator<Item = &RecordId> {
        let references = self.references.iter();
        let followed = references.filter(|reference| reference.need == Need::Follows);
        followed.map(|reference| &reference.to)
    }

    /// What ties the record with these facts to other records.
    pub(super) fn ties(&self, record: &RecordId) -> Vec<Tie> {
        let references = self.references.iter();
        let mut ties: Vec<_> = references
            .map(|reference| Tie::Reference(reference.to.clone()))
            .chain(self.keys.iter().map(|key| key.tie(&record.model_type)))
            .collect();
        ties.sort();
        ties.dedup();
        ties
    }
}

impl Key {
    /// What ties the records of a model that hold this key.
    #[must_use]
    pub fn tie(&self, model_type: &str) -> Tie {
        Tie::Key {
            model_type: model_type.to_owned(),
            name: self.name.clone(),
            value: self.value.clone(),
        }
    }
}

/// The text that a store keeps. Equal ties have equal texts.
impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(to) => write!(f, "ref/{}/{}", Part(&to.model_type), to.record_uuid),
            Self::Key {
                model_type,
                name,
                value,
            } => write!(f, "key/{}/{}/{value}", Part(model_type), Part(name)),
        }
    }
}

/// A name between slashes. Its own slashes are written as in a URL.
struct Part<'a>(&'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('%', "%25").replace('/', "%2F"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_name_is_none_between_names() {
        let text = |model: &str, name: &str| {
            let key = Key {
                name: name.to_owned(),
                value: "a/b".to_owned(),
            };
            key.tie(model).to_string()
        };
        assert_eq!(text("tag", "name"), "key/tag/name/a/b");
        assert_ne!(text("a/b", "c"), text("a", "b/c"));
        assert_ne!(text("a%2Fb", "c"), text("a/b", "c"));
    }
}
