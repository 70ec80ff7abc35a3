//! One model, as an app declares it.

use sea_orm::{EntityTrait, IntoActiveModel, PrimaryKeyTrait};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_log_core::receive::Rule;

use super::shape::{Shape, ShapeOf};

/// One model, as an app declares it.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) shape: Box<dyn Shape>,
    /// The highest version of the model that the app knows.
    pub(super) version: u32,
    pub(super) rule: Rule,
    pub(super) cascades: Vec<(String, Cascade)>,
}

/// What a reference with ON DELETE CASCADE means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cascade {
    Follows,
    Logged,
}

impl Declared {
    pub(super) fn new<E>(name: String) -> Self
    where
        E: EntityTrait,
        E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel>,
        <E::PrimaryKey as PrimaryKeyTrait>::ValueType: DeserializeOwned,
    {
        Self {
            name,
            shape: Box::new(ShapeOf::<E>::new()),
            version: 0,
            rule: Rule::WholeRecord,
            cascades: Vec::new(),
        }
    }
}
