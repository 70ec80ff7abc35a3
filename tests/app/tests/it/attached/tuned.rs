//! The contract, on a log in a database of an app that chose speed: several connections, and commits
//! that are not on disk.

use super::harness::{AppDatabase, Pool};
use super::pools::{Settings, TUNED};

pub(super) struct Tuned;

impl Pool for Tuned {
    const SETTINGS: Settings = TUNED;
}

sync_log_conformance::conformance!(AppDatabase<Tuned>);
