//! The devices whose changes may still arrive.

use sea_orm::ConnectionTrait;
use sync_log_core::receive::SnapshotStore;
use sync_log_core::{DeviceId, LogError, PeerState, StoreError, parse_uuid};

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
}

impl Peers {
    /// Reads them from the log. A pool may have one connection, so this comes before a transaction begins.
    pub(super) async fn of(log: &SyncDb) -> Result<Self, LogError> {
        let mut peers = Self {
            own: log.identity().device_id,
            active: Vec::new(),
            retired: Vec::new(),
        };
        for peer in log.peers().await? {
            match peer {
                Ok(peer) if peer.facts.state == PeerState::Active => {
                    peers.active.push(peer.device_id);
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
    pub(super) async fn origins<C: ConnectionTrait>(
        &self,
        store: &mut InTransaction<'_, C>,
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
    pub(super) async fn origins_with<C: ConnectionTrait>(
        &self,
        store: &mut InTransaction<'_, C>,
        origin: DeviceId,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut origins = self.origins(store).await?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
        Ok(origins)
    }
}
