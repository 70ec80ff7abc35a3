//! The options of an import.

use std::fmt;
use std::sync::Arc;

use sync_log_core::SharedWallClock;
use sync_log_core::{DriftLimits, SystemClock, WallClock};

/// The options of an import, and of a plan of it. The limits and the clock should be those with
/// which the log is opened. The defaults are the same.
#[derive(Clone)]
#[must_use = "options do nothing until they are given to an import"]
pub struct ImportOptions {
    pub(super) drift: DriftLimits,
    pub(super) wall: SharedWallClock,
    pub(super) skip_ahead: bool,
}

impl ImportOptions {
    /// Sets how far a change may be ahead of the wall clock. Default: 24 hours.
    pub fn drift(mut self, drift: DriftLimits) -> Self {
        self.drift = drift;
        self
    }

    /// Sets the clock that gives the time. Default: the operating system's clock.
    pub fn wall_clock(mut self, wall: impl WallClock + Send + Sync + 'static) -> Self {
        self.wall = Arc::new(wall);
        self
    }

    /// Whether the import leaves out changes that are too far ahead, and names them in the report,
    /// instead of stopping at the first one. Default: no, because a change that is left out is in
    /// no log.
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
