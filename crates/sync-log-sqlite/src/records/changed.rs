//! When the rows that are older than sharing were last changed (`W5`).

use std::fmt;

use sync_log_core::{BASELINE_COUNTER, CEILING_MS, DeviceId, Hlc, JsonText};

/// When a row was last changed, by the name of its model and its payload.
pub(super) struct Changed(Box<ChangedAt>);

type ChangedAt = dyn Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync;

impl Changed {
    pub(super) fn new(
        changed: impl Fn(&str, &serde_json::Value) -> Option<i64> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(changed))
    }

    /// It knows the time of no row.
    pub(super) fn unknown() -> Self {
        Self::new(|_, _| None)
    }

    /// The stamp of a row. Its counter is one that no clock gives, so no change has the same stamp.
    ///
    /// No row was changed after now. A row that claims so was written while a clock was wrong. The next
    /// change of that record has to be above the stamp of the row, and would move the clock of this device
    /// to where other devices refuse its changes (`H9`).
    pub(super) fn stamp(
        &self,
        model: &str,
        payload: &JsonText,
        device_id: DeviceId,
        now_ms: i64,
    ) -> Hlc {
        let row = payload.parse_as().unwrap_or_default();
        let at_ms = (self.0)(model, &row).unwrap_or_default();
        let at_ms = u64::try_from(at_ms.min(now_ms)).ok();
        let at_ms = at_ms.filter(|ms| *ms < CEILING_MS).unwrap_or_default();
        Hlc::new(at_ms, BASELINE_COUNTER, device_id.as_uuid())
    }
}

impl fmt::Debug for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changed")
    }
}
