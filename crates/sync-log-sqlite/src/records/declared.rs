//! One model, as an app declares it.

use sync_log_core::receive::Rule;

use super::by_hand::ByHand;
use super::shape::Shape;

/// One model, as an app declares it: one that is an entity, unless `S` says otherwise.
#[derive(Debug)]
pub(super) struct Declared<S = Box<dyn Shape>> {
    pub(super) name: String,
    pub(super) shape: S,
    /// The highest version of the model that the app knows.
    pub(super) version: u32,
    pub(super) rule: Rule,
    pub(super) cascades: Vec<(String, Cascade)>,
}

/// What shows the records of a model.
#[derive(Debug)]
pub(super) enum Kind {
    Entity(Box<dyn Shape>),
    ByHand(ByHand),
}

/// What a reference with ON DELETE CASCADE means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cascade {
    Follows,
    Logged,
}

impl<S> Declared<S> {
    pub(super) const fn new(name: String, shape: S) -> Self {
        Self {
            name,
            shape,
            version: 0,
            rule: Rule::WholeRecord,
            cascades: Vec::new(),
        }
    }
}
