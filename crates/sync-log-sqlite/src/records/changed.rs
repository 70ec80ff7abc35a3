//! When the rows that are older than sharing were last changed (`W5`).

use std::fmt;

use sync_log_core::{CEILING_MS, DeviceId, Hlc, JsonText};

/// When a row was last changed, by the name of its model and its payload.
pub(super) struct Changed(Box<ChangedAt>);

type ChangedAt = dyn Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync;

impl Changed {
    pub(super) fn new(
        changed: impl Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(changed))
    }

    /// The stamp of a row. Its counter is one that no clock gives, so no change has the same stamp.
    pub(super) fn stamp(&self, model: &str, payload: &JsonText, device_id: DeviceId) -> Hlc {
        let row = payload.parse_as().unwrap_or_default();
        let at_ms = (self.0)(model, &row);
        let at_ms = at_ms.and_then(|ms| u64::try_from(ms).ok());
        let at_ms = at_ms.filter(|ms| *ms < CEILING_MS).unwrap_or_default();
        Hlc::new(at_ms, COUNTER, device_id.as_uuid())
    }
}

/// Above the highest counter that a clock uses within a millisecond.
const COUNTER: u64 = 1 << 16;

impl fmt::Debug for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changed")
    }
}
