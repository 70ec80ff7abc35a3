//! What a device has heard of before it takes a snapshot, and may have forgotten.

use std::collections::BTreeMap;

use hlc::Hlc;

use super::port::SnapshotStore;
use super::taking::Taking;
use super::version::Version;
use crate::error::StoreError;
use crate::limits::BASELINE_COUNTER;
use crate::model::DeviceId;

/// Which changes this device has received.
///
/// A record that is unknown here may be one that was deleted and forgotten. If the donor has not received
/// that deletion yet, its snapshot has the record. The deletion is below the watermarks here, so it would
/// not come again, and the record would stay.
pub(super) struct Heard {
    own: DeviceId,
    /// Whether the records have, or had, all own changes.
    has_own: bool,
    /// The highest stamp of a deleted record that was forgotten.
    forgotten: Hlc,
    /// Up to where the logs of other devices were applied. A device that lost its log goes on above the
    /// stamps of the log before, so this holds for whichever log the donor has applied.
    received: BTreeMap<DeviceId, Hlc>,
    /// Up to where the donor has applied the same logs.
    received_there: BTreeMap<DeviceId, Hlc>,
}

impl Heard {
    pub(super) async fn of(
        store: &mut impl SnapshotStore,
        taking: &Taking,
    ) -> Result<Self, StoreError> {
        let theirs = taking.cursors();
        let mut heard = Self {
            own: taking.own(),
            has_own: store.unversioned().await?.is_zero(),
            forgotten: store.forgotten().await?,
            received: BTreeMap::new(),
            received_there: BTreeMap::new(),
        };
        for (origin, own) in store.watermarks().await? {
            heard.received.insert(origin, own.hlc());
            let there = theirs.get(&origin);
            if let Some(there) = there.filter(|it| it.log_id() == own.log_id()) {
                heard.received_there.insert(origin, there.hlc());
            }
        }
        Ok(heard)
    }

    /// Whether the change with this stamp was received, or made here. The stamp of a baseline, which no clock
    /// gives, was never in a log.
    pub(super) fn has_received(&self, hlc: Hlc) -> bool {
        if hlc.counter >= BASELINE_COUNTER {
            return false;
        }
        let device = DeviceId::from(hlc.device_id);
        if device == self.own {
            return self.has_own;
        }
        self.received
            .get(&device)
            .is_some_and(|up_to| hlc <= *up_to)
    }

    /// Whether the donor has received the change with this stamp, which was received here.
    pub(super) fn has_donor_received(&self, hlc: Hlc) -> bool {
        let there = self.received_there.get(&hlc.device_id.into());
        there.is_some_and(|up_to| hlc <= *up_to)
    }

    /// What a version has that was not received before. The rest was received, and is stored here or was
    /// deleted and forgotten. `None` if nothing is new of a record that is unknown here.
    pub(super) fn news_of(&self, version: &Version, is_known: bool) -> Option<Version> {
        let is_new = |hlc: Hlc| hlc > self.forgotten || !self.has_received(hlc);
        if !is_known && !is_new(version.source.hlc) {
            return None;
        }
        let mut news = version.clone();
        if !is_new(news.inserted) {
            news.inserted = Hlc::ZERO;
        }
        news.updated.retain(|_, hlc| is_new(*hlc));
        if let Some(fields) = &mut news.fields {
            fields.retain(|_, field| is_new(field.source.hlc));
        }
        Some(news)
    }
}
