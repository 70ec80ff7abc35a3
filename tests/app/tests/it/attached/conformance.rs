//! The contract, on a log in a database of an app that chose nothing.

use super::harness::{AppDatabase, Pool};
use super::pools::{DEFAULT, Settings};

pub(super) struct ByDefault;

impl Pool for ByDefault {
    const SETTINGS: Settings = DEFAULT;
}

sync_log_conformance::conformance!(AppDatabase<ByDefault>);
