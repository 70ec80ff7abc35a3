//! Which changes a device has received before it takes a snapshot.

use std::collections::BTreeMap;

use hlc::Hlc;

use super::port::SnapshotStore;
use super::taking::Taking;
use super::version::Version;
use crate::error::StoreError;
use crate::limits::BASELINE_COUNTER;
use crate::model::{DeviceId, SharedChangeEntry};

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
    /// Up to where the donor has applied the same logs, and the log of this device.
    received_there: BTreeMap<DeviceId, Hlc>,
    /// The entries that were received and that still wait, so no version has them yet.
    pub(super) waiting: BTreeMap<Hlc, SharedChangeEntry>,
}

impl Heard {
    pub(super) async fn of(
        store: &mut impl SnapshotStore,
        taking: &Taking,
    ) -> Result<Self, StoreError> {
        let theirs = taking.cursors();
        let waiting = store.waiting().await?.into_iter();
        let mut heard = Self {
            own: taking.own(),
            has_own: store.unversioned().await?.is_zero(),
            forgotten: store.forgotten().await?,
            received: BTreeMap::new(),
            received_there: BTreeMap::new(),
            waiting: waiting.map(|entry| (entry.hlc, entry)).collect(),
        };
        let own_there = taking.snapshot.watermarks.get(&heard.own);
        if let Some(there) = own_there.filter(|it| it.log_id() == taking.own_log_id()) {
            heard.received_there.insert(heard.own, there.hlc());
        }
        for (origin, own) in store.watermarks().await? {
            heard.received.insert(origin, own.hlc());
            let there = theirs.get(&origin);
            if let Some(there) = there.filter(|it| it.log_id() == own.log_id()) {
                heard.received_there.insert(origin, there.hlc());
            }
        }
        Ok(heard)
    }

    /// Whether the change with this stamp was received, or made here.
    ///
    /// The stamp of a baseline, which no clock gives, was never in a log. The log of that device got a new id
    /// then, and can be read only after a snapshot that has the rows. So two devices that read one log of that
    /// device have both received them.
    pub(super) fn has_received(&self, hlc: Hlc) -> bool {
        let device = DeviceId::from(hlc.device_id);
        let is_baseline = hlc.counter >= BASELINE_COUNTER;
        if is_baseline && !self.received_there.contains_key(&device) {
            return false;
        }
        if device == self.own {
            return self.has_own;
        }
        let up_to = self.received.get(&device);
        up_to.is_some_and(|up_to| is_baseline || hlc <= *up_to)
    }

    /// Whether the donor has received the change with this stamp, which was received here.
    pub(super) fn has_donor_received(&self, hlc: Hlc) -> bool {
        let there = self.received_there.get(&hlc.device_id.into());
        there.is_some_and(|up_to| hlc <= *up_to)
    }

    /// Whether a part of a version with this stamp may be missing here. Any other part was applied: it is
    /// stored, or it was deleted and forgotten.
    pub(super) fn may_lack(&self, hlc: Hlc) -> bool {
        hlc > self.forgotten || self.waiting.contains_key(&hlc) || !self.has_received(hlc)
    }

    /// The version without the parts that cannot be missing here.
    pub(super) fn news_of(&self, version: &Version) -> Version {
        let mut news = version.clone();
        if !self.may_lack(news.inserted) {
            news.inserted = Hlc::ZERO;
        }
        news.updated.retain(|_, hlc| self.may_lack(*hlc));
        if let Some(fields) = &mut news.fields {
            fields.retain(|_, field| self.may_lack(field.source.hlc));
        }
        news
    }
}
