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

    /// Shares rows that were there before the records were opened for the first time, or before a release
    /// shared their model. `changed` gets the name of a row's model and its payload, and returns when the row
    /// was last changed, in ms since the Unix epoch, or `None` if the app does not know. A time in the future
    /// counts as the time of the opening.
    ///
    /// Without this option, an opening that finds such rows fails with
    /// [`SyncError::NeedsBaseline`](super::SyncError::NeedsBaseline), and changes nothing. The rows are in no
    /// log, so every other device first takes a snapshot of this one, and other handles on the log have to be
    /// opened again. If two devices have the same record, the later change wins; a row whose time is not known
    /// loses to every change, even to one that is in a log of this device already.
    pub fn baseline(
        mut self,
        changed: impl Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync + 'static,
    ) -> Self {
        self.baseline = Some(Changed::new(changed));
        self
    }
}
