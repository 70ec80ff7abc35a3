//! The devices whose changes may still arrive.

use sync_log_core::receive::{
    ReceiverStore, RecordId, RecordStore, SnapshotPage, SnapshotStore, Wanted,
};
use sync_log_core::{ChangeType, DeviceId, Hlc, LogError, Page, PeerState, StoreError, parse_uuid};

use super::in_transaction::InTransaction;
use super::sync_error::SyncError;
use crate::open::SyncDb;

/// The peers of a device, by what became of them.
#[derive(Debug)]
pub(super) struct Peers {
    own: DeviceId,
    /// A peer whose row is faulty is active.
    active: Vec<DeviceId>,
    pub(super) retired: Vec<DeviceId>,
    /// Those of the active peers that were retired and admitted again.
    admitted: Vec<DeviceId>,
}

impl Peers {
    /// Reads them from the log. A pool may have one connection, so this comes before a transaction begins.
    pub(super) async fn of(log: &SyncDb) -> Result<Self, LogError> {
        let mut peers = Self {
            own: log.identity().device_id,
            active: Vec::new(),
            retired: Vec::new(),
            admitted: Vec::new(),
        };
        for peer in log.peers().await? {
            match peer {
                Ok(peer) if peer.facts.state == PeerState::Active => {
                    peers.active.push(peer.device_id);
                    if peer.facts.admission > 1 {
                        peers.admitted.push(peer.device_id);
                    }
                }
                Ok(peer) => peers.retired.push(peer.device_id),
                Err(row) => {
                    let device_id = parse_uuid(&row.peer_device_id);
                    peers.active.extend(device_id.map(DeviceId::from));
                }
            }
        }
        Ok(peers)
    }

    /// Refuses changes that come from this device, or from a device that was retired here.
    pub(super) fn refuse(&self, origin: DeviceId) -> Result<(), SyncError> {
        if origin == self.own {
            return Err(LogError::OwnPeer { peer: origin }.into());
        }
        if self.retired.contains(&origin) {
            return Err(SyncError::OriginRetired { origin });
        }
        Ok(())
    }

    /// All devices whose changes may still arrive. A page of a device is applied even if the device is no peer,
    /// so each device with a watermark counts until it is retired. The watermarks are read in the transaction
    /// in which they count, because another call may apply the first page of a device meanwhile.
    pub(super) async fn origins(
        &self,
        store: &mut InTransaction<'_>,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut origins = self.active.clone();
        for (origin, _) in store.watermarks().await? {
            let is_counted = origins.contains(&origin) || self.retired.contains(&origin);
            if !is_counted && origin != self.own {
                origins.push(origin);
            }
        }
        Ok(origins)
    }

    /// The same, including `origin`, of which a page or a snapshot is taken.
    pub(super) async fn origins_with(
        &self,
        store: &mut InTransaction<'_>,
        origin: DeviceId,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut origins = self.origins(store).await?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
        Ok(origins)
    }

    /// Refuses changes of a peer that was admitted again, if this device may have deleted and forgotten the
    /// record that they change. `changes` has what can show a record, with the stamps.
    ///
    /// While a peer is retired, deletions are forgotten that are above its changes. Applied later, such a change
    /// would show the record on this device only: others still know that the record was deleted later.
    pub(super) async fn refuse_forgotten(
        &self,
        store: &mut InTransaction<'_>,
        origin: DeviceId,
        changes: impl Iterator<Item = (RecordId, Hlc)>,
    ) -> Result<(), SyncError> {
        if !self.admitted.contains(&origin) {
            return Ok(());
        }
        let received = store.watermark(origin).await?.hlc();
        let forgotten = store.forgotten().await?;
        let is_doubtful =
            |hlc: Hlc| hlc.device_id == origin.as_uuid() && received < hlc && hlc <= forgotten;
        let doubtful = changes.filter(|(_, hlc)| is_doubtful(*hlc));
        let mut wanted = Wanted {
            records: doubtful.map(|(id, _)| id).collect(),
            ..Wanted::default()
        };
        if wanted.is_empty() {
            return Ok(());
        }
        for (known, _) in store.look_up(&wanted).await?.records {
            wanted.records.remove(&known);
        }
        match wanted.records.pop_first() {
            Some(record) => Err(SyncError::MayBeForgotten { origin, record }),
            None => Ok(()),
        }
    }
}

/// The entries of a page that can show a record.
pub(super) fn changes_of(page: &Page) -> impl Iterator<Item = (RecordId, Hlc)> {
    let entries = page.entries.iter();
    let shows = entries.filter(|entry| entry.change_type != ChangeType::Delete);
    shows.map(|entry| (RecordId::of(entry), entry.hlc))
}

/// The parts of records that can show a record.
pub(super) fn parts_of(page: &SnapshotPage) -> impl Iterator<Item = (RecordId, Hlc)> {
    page.records.iter().flat_map(|(id, version)| {
        let fields = version.fields.iter().flatten();
        let fields = fields.map(|(_, field)| field.source.hlc);
        let parts = [version.source.hlc, version.inserted].into_iter();
        let parts = parts.chain(version.updated.values().copied()).chain(fields);
        let shows = parts.filter(|hlc| *hlc > version.deleted);
        shows.map(|hlc| (id.clone(), hlc))
    })
}
