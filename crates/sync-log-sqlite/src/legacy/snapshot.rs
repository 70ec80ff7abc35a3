//! One state of the legacy log, even while another program writes to the file.

use std::ops::Deref;

use super::error::ImportError;
use super::log::LegacyLog;
use crate::driver::raw::transaction::{BEGIN, ROLLBACK};
use crate::driver::{Port, in_place};

/// All reads through a snapshot see the state of the first read. Dropping the snapshot releases
/// that state, even if an import is cancelled.
///
/// A snapshot that is kept over a wait borrows the log exclusively: a connection may move from
/// thread to thread, but must not be shared.
pub(super) struct Snapshot<L: Deref<Target = LegacyLog>>(L);

impl<L: Deref<Target = LegacyLog>> Snapshot<L> {
    pub(super) fn of(legacy: L) -> Result<Self, ImportError> {
        let begun = in_place(legacy.db.run(&BEGIN, &[]));
        begun.map_err(|error| legacy.failed(error))?;
        Ok(Self(legacy))
    }
}

impl<L: Deref<Target = LegacyLog>> Deref for Snapshot<L> {
    type Target = LegacyLog;

    fn deref(&self) -> &LegacyLog {
        &self.0
    }
}

impl<L: Deref<Target = LegacyLog>> Drop for Snapshot<L> {
    fn drop(&mut self) {
        if let Err(error) = in_place(self.0.db.run(&ROLLBACK, &[])) {
            tracing::debug!(%error, "failed to end the read of an old log");
        }
    }
}
