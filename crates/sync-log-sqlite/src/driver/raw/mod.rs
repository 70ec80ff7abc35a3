//! SQL that is about no entity, so that SeaORM has no builder for it.
//!
//! These files have the only SQL text in this crate, one file for each kind. `cargo xtask ci` finds
//! any other.

use std::sync::LazyLock;

use crate::driver::Template;

pub(crate) mod app;
pub(crate) mod catalogue;
pub(crate) mod legacy;
pub(crate) mod pragma;
pub(crate) mod schema;
pub(crate) mod transaction;
pub(crate) mod triggers;

/// A statement, built when it is first used.
pub(crate) type Raw = LazyLock<Template>;
