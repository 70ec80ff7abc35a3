//! The options with which shared records are opened.

use super::changed::Changed;
use crate::open::SyncDbOptions;

/// How shared records are opened.
#[derive(Debug, Default)]
#[must_use = "options do nothing until they open the records"]
pub struct SharedRecordsOptions {
    pub(super) log: Option<SyncDbOptions>,
    pub(super) baseline: Option<Changed>,
}

impl SharedRecordsOptions {
    /// Sets how the log is opened. Its limits of drift and its wall clock are those of the records, too.
    pub fn log(mut self, options: SyncDbOptions) -> Self {
        self.log = Some(options);
        self
    }

    /// Shares rows that were there before the records were opened for the first time. `changed` returns
    /// when a row was last changed, in ms since the Unix epoch, from the name of its model and its
    /// payload; `None` if the app does not know.
    ///
    /// Without it, records that have such rows are refused with [`SyncError::NeedsBaseline`](super::SyncError::NeedsBaseline). The rows are
    /// in no log, so every other device first takes a snapshot of this one. If two devices have the same
    /// record, the later change wins; a row of which nothing is known loses to every other one.
    pub fn baseline(
        mut self,
        changed: impl Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync + 'static,
    ) -> Self {
        self.baseline = Some(Changed::new(changed));
        self
    }
}
