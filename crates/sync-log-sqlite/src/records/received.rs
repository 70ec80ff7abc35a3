//! How far the log of each other device was applied, and what is known of the rest of it.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_log_core::judge::ahead_ms;
use sync_log_core::receive::Applied;
use sync_log_core::{Cursor, DeviceId, DriftExceeded, Hlc, ObserveError, Page, StoreError};

use super::inner::Inner;
use super::last_pages::LastPage;
use super::sync_error::SyncError;
use super::{origins, watermarks};
use crate::driver::{AppTransaction, Over};

/// The log of another device, as this device knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Received {
    /// The device.
    pub origin: DeviceId,
    /// The cursor up to which the log of that device was applied; zero if nothing was applied yet.
    pub cursor: Cursor,
    /// The highest head of that log that a page named. The device may have made changes since.
    pub head: Hlc,
    /// When the last page of that device came, in ms since the Unix epoch. Once the records are opened
    /// again, this is the time of the last page that brought something new.
    pub last_page_at_ms: i64,
    /// Why the last page of that device was refused, if a clock is wrong (`X5`).
    pub refused: Option<RefusedPage>,
}

/// A page with a stamp that is too far ahead of this device's clock. The page is refused each time that it comes,
/// until the clock of this device has caught up with the stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusedPage {
    /// The stamp.
    pub hlc: Hlc,
    /// How far the stamp is ahead of this device's clock now, in ms; 0 if the clock has caught up.
    pub ahead_ms: u64,
}

impl Received {
    /// Whether that log has entries that were not applied here.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.cursor.hlc() < self.head
    }

    fn known(origin: DeviceId) -> Self {
        Self {
            origin,
            cursor: Cursor::ZERO,
            head: Hlc::ZERO,
            last_page_at_ms: i64::MIN,
            refused: None,
        }
    }
}

impl Inner {
    /// What is known of the logs of all other devices, by device.
    pub(super) async fn received(&self) -> Result<Vec<Received>, StoreError> {
        let db = &Over(&self.db);
        let now_ms = self.clock.now_ms();
        let mut received: BTreeMap<DeviceId, Received> = BTreeMap::new();
        let known = |origin| move || Received::known(origin);
        for read in watermarks::all_of_them(db).await? {
            let one = received
                .entry(read.origin)
                .or_insert_with(known(read.origin));
            one.cursor = read.cursor;
            one.head = read.cursor.hlc();
            one.last_page_at_ms = read.at_ms;
        }
        for origin in origins::all_of_them(db).await? {
            let id = origin.device_id;
            let one = received.entry(id).or_insert_with(known(id));
            one.head = one.head.max(origin.head);
            one.last_page_at_ms = one.last_page_at_ms.max(origin.last_page_at_ms);
            one.refused = origin.refused.map(|hlc| RefusedPage {
                hlc,
                ahead_ms: ahead_ms(hlc, now_ms),
            });
        }
        for (origin, one) in &mut received {
            let LastPage { at_ms, head, .. } = self.last_pages.of(*origin);
            one.head = one.head.max(head.unwrap_or(Hlc::ZERO));
            one.last_page_at_ms = one.last_page_at_ms.max(at_ms);
        }
        Ok(received.into_values().collect())
    }

    /// Stores what a page said of its origin, in the transaction in which it was applied.
    pub(super) async fn note_origin(
        &self,
        txn: &AppTransaction,
        origin: DeviceId,
        page: &Page,
    ) -> Result<(), StoreError> {
        origins::applied(&txn.port(), origin, page.head, self.clock.now_ms()).await
    }

    /// Notes what became of a page, once that is committed.
    pub(super) async fn note_page(
        &self,
        origin: DeviceId,
        page: &Page,
        outcome: &Result<Applied, SyncError>,
    ) {
        let has_changed = match outcome {
            Ok(applied) => self
                .last_pages
                .applied(origin, page.head, applied.watermark),
            Err(SyncError::Clock(error)) => self.note_refusal(origin, error).await,
            Err(_) => false,
        };
        if has_changed {
            self.log.status_changed();
        }
    }

    /// Stores that a page was refused, if that is not stored yet. If it cannot be stored, the next refusal tries
    /// again.
    async fn note_refusal(&self, origin: DeviceId, refusal: &ObserveError) -> bool {
        let (ObserveError::TooFarAhead(DriftExceeded { remote, .. })
        | ObserveError::AboveCeiling { remote }) = *refusal
        else {
            return false;
        };
        if self.last_pages.is_refused(origin, remote) {
            return false;
        }
        match self.store_refusal(origin, remote).await {
            Ok(()) => self.last_pages.refused(origin, remote),
            Err(error) => {
                tracing::warn!(%error, %origin, "the refusal could not be put on record");
            }
        }
        true
    }

    async fn store_refusal(&self, origin: DeviceId, remote: Hlc) -> Result<(), StoreError> {
        let txn = AppTransaction::write(&self.db).await?;
        let now_ms = self.clock.now_ms();
        let stored = origins::refused(&txn.port(), origin, remote, now_ms).await;
        txn.end_with(stored).await
    }
}
