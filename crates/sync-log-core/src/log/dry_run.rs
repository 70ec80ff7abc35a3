//! A log on which every call is decided and nothing is written.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hlc::Clock;

use super::sync_log::{Shared, SyncLog};
use crate::store::DryRun;

impl SyncLog {
    /// Returns this log as a dry run. Each call on the dry run is decided on what the log holds, returns the
    /// value or the error that the call would return, and writes nothing. A later call sees the log as the
    /// earlier calls would have left it. [`DryRun`] says what a dry run does not promise.
    ///
    /// Closing the dry run closes this log.
    #[must_use]
    pub fn dry_run(&self) -> Self {
        let Shared {
            identity, options, ..
        } = &*self.shared;
        // A separate clock: the stamps of a dry run are never issued.
        let clock = Clock::new(identity.device_id.as_uuid(), options.wall.clone());
        Self {
            store: Arc::new(DryRun::over(Arc::clone(&self.store))),
            shared: Arc::new(Shared {
                identity: *identity,
                clock: clock.with_limits(options.drift),
                options: options.clone(),
                has_warned: AtomicBool::new(false),
            }),
            handles: Arc::default(),
        }
    }
}
