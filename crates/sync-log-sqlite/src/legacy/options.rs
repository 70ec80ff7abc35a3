//! How an import is done.

use std::fmt;
use std::sync::Arc;

use sync_log_core::SharedWallClock;
use sync_log_core::{DriftLimits, SystemClock, WallClock};

/// How an import is done, and what a plan of it is judged by. The limits and the clock
/// are those that the log is opened with, and so are the defaults.
#[derive(Clone)]
#[must_use = "options do nothing until they are given to an import"]
pub struct ImportOptions {
    pub(super) drift: DriftLimits,
    pub(super) wall: SharedWallClock,
    pub(super) skip_ahead: bool,
}

impl ImportOptions {
    /// How far a change may be ahead of the wall clock. Default: 24 hours.
    pub fn drift(mut self, drift: DriftLimits) -> Self {
        self.drift = drift;
        self
    }

    /// Where the time comes from. Default: the operating system's clock.
    pub fn wall_clock(mut self, wall: impl WallClock + Send + Sync + 'static) -> Self {
        self.wall = Arc::new(wall);
        self
    }

    /// Leaves changes out that are too far ahead, and names them in the report, instead
    /// of ending at the first. Default: no, since what is left out is in no log.
    pub fn skip_ahead(mut self, skip_ahead: bool) -> Self {
        self.skip_ahead = skip_ahead;
        self
    }
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            drift: DriftLimits::default(),
            wall: Arc::new(SystemClock),
            skip_ahead: false,
        }
    }
}

impl fmt::Debug for ImportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportOptions")
            .field("drift", &self.drift)
            .field("skip_ahead", &self.skip_ahead)
            .finish_non_exhaustive()
    }
}
