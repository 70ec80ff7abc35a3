//! The models of an app, with what its schema says about them.

use std::any::TypeId;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use sync_log_core::receive::{self, Facts, Key, Need, Reading, RecordId, Reference, Rule};
use sync_log_core::{JsonText, Uuid};

use super::key::UniqueKey;
use super::rows::json;
use super::shape::{Column, Row, Shape, uuid};

/// The models of an app, with the references and the unique keys of their tables.
///
/// They are all that [`merge`](crate::receive::merge) has to know of the app.
#[derive(Debug)]
pub struct RegisteredModels {
    pub(super) models: BTreeMap<String, Model>,
}

/// One model.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) shape: Box<dyn Shape>,
    pub(super) version: u32,
    pub(super) rule: Rule,
    pub(super) references: Vec<Refers>,
    pub(super) keys: Vec<UniqueKey>,
    /// The statement that makes the table. Its constraints decide which rows it takes.
    pub(super) definition: String,
}

/// A column that refers to the record of another model, or of its own.
#[derive(Debug, Clone)]
pub(super) struct Refers {
    pub(super) column: &'static str,
    pub(super) member: &'static str,
    pub(super) to: String,
    pub(super) need: Need,
}

impl RegisteredModels {
    /// The name and the model of an entity.
    pub(super) fn of_entity<E: 'static>(&self) -> Option<(&str, &Model)> {
        let entity = TypeId::of::<E>();
        let mut models = self.models.iter();
        let found = models.find(|(_, model)| model.shape.entity() == entity)?;
        Some((found.0, found.1))
    }

    /// All that decides how payloads are read, and which rows the tables take, as text. If the text changes,
    /// all records are decided again.
    pub(super) fn fingerprint(&self) -> String {
        let models = self.models.iter().map(|(name, model)| {
            let columns = model.shape.columns().into_iter();
            let columns = columns.map(|column| {
                let Column {
                    name: column,
                    member,
                    is_nullable,
                    is_shared,
                } = column;
                (column, member, is_nullable, is_shared)
            });
            let references = format!("{:?}", model.references);
            let keys = format!("{:?}", model.keys);
            let rule = format!("{:?}", model.rule);
            let columns: Vec<_> = columns.collect();
            let table = (columns, &model.definition);
            (name, model.version, rule, table, references, keys)
        });
        json(&models.collect::<Vec<_>>())
    }
}

impl receive::Models for RegisteredModels {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        match self.models.get(model_type) {
            Some(model) if model_version <= model.version => model.rule,
            _ => Rule::Unknown,
        }
    }

    fn knows(&self, model_type: &str, member: &str) -> bool {
        let model = self.models.get(model_type);
        model.is_some_and(|model| model.shape.knows(member))
    }

    fn is_followed(&self, model_type: &str) -> bool {
        let mut references = self.models.values().flat_map(|model| &model.references);
        references.any(|it| it.need == Need::Follows && it.to == model_type)
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        let Some(model) = self.models.get(model_type) else {
            return Reading::UnknownModel;
        };
        if model_version > model.version {
            return Reading::NewerModel;
        }
        match model.facts(payload) {
            Ok(facts) => Reading::Readable(facts),
            Err(reason) => Reading::Refused(reason),
        }
    }

    fn references(
        &self,
        model_type: &str,
        model_version: u32,
        payload: &JsonText,
    ) -> Vec<Reference> {
        match self.read(model_type, model_version, payload) {
            Reading::Readable(facts) => facts.references,
            // Under the per-field rule a payload may lack members that the model must have.
            Reading::Refused(_) => {
                let model = self.models.get(model_type);
                model.map_or_else(Vec::new, |model| model.references_of_part(payload))
            }
            Reading::UnknownModel | Reading::NewerModel => Vec::new(),
        }
    }
}

impl Model {
    /// The facts of a payload. They do not depend on the record that has the payload.
    fn facts(&self, payload: &JsonText) -> Result<Facts, String> {
        let row = self.shape.row(Uuid::nil(), payload)?;
        let references = self.references.iter();
        let references = references.filter_map(|it| it.reference(&row).transpose());
        let keys = self.keys.iter().filter_map(|key| {
            let value = key.value(&row)?;
            let name = key.name.clone();
            Some(Key { name, value })
        });
        Ok(Facts {
            references: references.collect::<Result<_, _>>()?,
            keys: keys.collect(),
        })
    }

    /// The references that are among the members of a payload, which need not have all of them.
    fn references_of_part(&self, payload: &JsonText) -> Vec<Reference> {
        let members = payload.parse_as::<Map<String, Json>>();
        let members = members.unwrap_or_default();
        let references = self.references.iter().filter_map(|refers| {
            let record = members.get(refers.member)?.as_str()?;
            Some(refers.to(record.parse().ok()?))
        });
        references.collect()
    }
}

impl Refers {
    fn to(&self, record: Uuid) -> Reference {
        Reference {
            member: self.member.to_owned(),
            to: RecordId::new(self.to.as_str(), record),
            need: self.need,
        }
    }

    fn reference(&self, row: &Row) -> Result<Option<Reference>, String> {
        let found = row.iter().find(|(column, _)| *column == self.column);
        let Some((_, value)) = found.filter(|(_, value)| *value != value.as_null()) else {
            return Ok(None);
        };
        let record = uuid(value).ok_or_else(|| format!("{} is no UUID", self.member))?;
        Ok(Some(self.to(record)))
    }
}
