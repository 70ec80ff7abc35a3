//! The pages that came since the records were opened.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sync_log_core::{Cursor, DeviceId, Hlc};

/// The last page of each device. A page that brings nothing new is kept here alone: to store its time would
/// cost a commit.
#[derive(Debug, Default)]
pub(super) struct LastPages(Mutex<BTreeMap<DeviceId, LastPage>>);

/// What is known of a device from its pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LastPage {
    /// When the last page came.
    pub(super) at_ms: i64,
    /// The highest head that a page named which was applied.
    pub(super) head: Option<Hlc>,
    /// The watermark after the last page that was applied.
    applied: Option<Cursor>,
    /// The stamp for which the last page was refused.
    refused: Option<Hlc>,
}

impl LastPages {
    /// What is known of a device, if a page of it came.
    pub(super) fn of(&self, origin: DeviceId) -> LastPage {
        self.pages().get(&origin).copied().unwrap_or_default()
    }

    /// A page came, whatever becomes of it.
    pub(super) fn came(&self, origin: DeviceId, at_ms: i64) {
        self.pages().entry(origin).or_default().at_ms = at_ms;
    }

    /// A page was applied. Returns whether it changed what is known of the device.
    pub(super) fn applied(&self, origin: DeviceId, head: Hlc, watermark: Cursor) -> bool {
        let mut pages = self.pages();
        let known = pages.entry(origin).or_default();
        let now = LastPage {
            head: known.head.max(Some(head)),
            applied: Some(watermark),
            refused: None,
            ..*known
        };
        let is_news = now != *known;
        *known = now;
        is_news
    }

    /// That a page was refused for this stamp is stored.
    pub(super) fn refused(&self, origin: DeviceId, hlc: Hlc) {
        self.pages().entry(origin).or_default().refused = Some(hlc);
    }

    /// Whether it is stored that the last page was refused for this stamp.
    pub(super) fn is_refused(&self, origin: DeviceId, hlc: Hlc) -> bool {
        self.of(origin).refused == Some(hlc)
    }

    /// The guarded value is consistent between any two statements.
    fn pages(&self) -> MutexGuard<'_, BTreeMap<DeviceId, LastPage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
