//! The models of an app, as it has registered them.

use std::any::TypeId;
use std::collections::BTreeMap;

use sync_log_core::JsonText;
use sync_log_core::receive::{self, Reading, Reference, Rule};

use super::rows::json;
use super::shape::Shape;
use super::shows::Shows;

/// The models of an app, with what their records refer to and which keys are unique.
///
/// They are all that [`merge`](crate::receive::merge) has to know of the app.
#[derive(Debug)]
pub struct RegisteredModels {
    pub(super) models: BTreeMap<String, Model>,
}

/// One model.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) shows: Box<dyn Shows>,
    pub(super) version: u32,
    pub(super) rule: Rule,
}

impl RegisteredModels {
    /// The name and the model of an entity.
    pub(super) fn of_entity<E: 'static>(&self) -> Option<(&str, &Model, &dyn Shape)> {
        let entity = TypeId::of::<E>();
        self.models.iter().find_map(|(name, model)| {
            let shape = model.shows.entity()?;
            (shape.entity() == entity).then_some((name.as_str(), model, shape))
        })
    }

    /// All that decides how payloads are read, and which of them can be shown, as text. If the text changes,
    /// all records are decided again.
    pub(super) fn fingerprint(&self) -> String {
        let models = self.models.iter().map(|(name, model)| {
            let rule = format!("{:?}", model.rule);
            (name, model.version, rule, model.shows.fingerprint())
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
        model.is_some_and(|model| model.shows.knows(member))
    }

    fn is_followed(&self, model_type: &str) -> bool {
        let mut models = self.models.values();
        models.any(|model| model.shows.follows(model_type))
    }

    fn is_follower(&self, model_type: &str) -> bool {
        let model = self.models.get(model_type);
        model.is_some_and(|model| model.shows.is_follower())
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        let Some(model) = self.models.get(model_type) else {
            return Reading::UnknownModel;
        };
        if model_version > model.version {
            return Reading::NewerModel;
        }
        match model.shows.facts(payload) {
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
                model.map_or_else(Vec::new, |model| model.shows.references_of_part(payload))
            }
            Reading::UnknownModel | Reading::NewerModel => Vec::new(),
        }
    }
}
