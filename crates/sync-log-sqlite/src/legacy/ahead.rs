//! Which changes are too far ahead of the wall clock.

use sync_log_core::Clock;
use sync_log_core::{DeviceId, Hlc, SharedWallClock};

use super::error::ImportError;
use super::options::ImportOptions;

/// The stamp at which an import ends: a log whose clock moved into the far future would stamp every
/// later change there.
pub(super) struct Horizon {
    clock: Clock<SharedWallClock>,
    skip: bool,
    /// The head of the log.
    head: Hlc,
}

impl Horizon {
    pub(super) fn new(options: &ImportOptions, device: DeviceId, head: Hlc) -> Self {
        Self {
            clock: Clock::new(device.as_uuid(), options.wall.clone()).with_limits(options.drift),
            skip: options.skip_ahead,
            head,
        }
    }

    /// Whether to leave out a change that would get this stamp, after `last`.
    pub(super) fn leaves_out(
        &self,
        last: Hlc,
        stamp: Hlc,
        sequence: i64,
    ) -> Result<bool, ImportError> {
        // What can be in the log is compared with it, and not judged again.
        if stamp <= self.head {
            return Ok(false);
        }
        // Later ones are in the log, so an earlier run left this one out, on an earlier
        // day: every run derives the same entries.
        if self.skip && last < self.head {
            return Ok(true);
        }
        match self.clock.check_drift(stamp) {
            Ok(_) => Ok(false),
            Err(_) if self.skip => Ok(true),
            Err(source) => Err(ImportError::TooFarAhead { sequence, source }),
        }
    }
}
