//! Records of the app's SeaORM entities, merged in transactions of its own database.

mod changing;
mod conformance;
pub(crate) mod gallery;
mod history;
mod links;
mod refusals;
mod rows;
mod tables;
