//! What a handle on shared records holds.

use sea_orm::{DatabaseConnection, DatabaseTransaction};
use sync_log_core::{Clock, DeviceId, LogError, PeerState, SharedWallClock, parse_uuid};
use tokio::sync::Mutex;

use super::drift::AcceptedDrift;
use super::in_transaction::{InTransaction, Whose};
use super::registered::RegisteredModels;
use super::sync_error::SyncError;
use super::watermarks;
use crate::driver::Over;
use crate::driver::durable::Settings;
use crate::open::SyncDb;
use crate::store::AttachedStore;

/// What a handle on shared records holds.
pub(super) struct Inner {
    pub(super) db: DatabaseConnection,
    pub(super) models: RegisteredModels,
    pub(super) log: SyncDb,
    pub(super) own: Whose,
    pub(super) clock: Clock<SharedWallClock>,
    pub(super) accepted: AcceptedDrift,
    /// The settings with which the database was opened.
    pub(super) settings: Settings,
    /// One drain at a time. Another process may drain at the same time: the log skips entries that it has.
    pub(super) draining: Mutex<()>,
}

impl Inner {
    pub(super) fn in_transaction<'a>(&'a self, txn: &'a DatabaseTransaction) -> InTransaction<'a> {
        let log = self.log.attached().map(AttachedStore::anchor);
        InTransaction::new(txn, &self.models, self.own, log, self.clock.now_ms())
    }

    /// All devices whose changes may still arrive, including `origin`.
    pub(super) async fn origins_with(&self, origin: DeviceId) -> Result<Vec<DeviceId>, SyncError> {
        if origin == self.own.device_id {
            return Err(LogError::OwnPeer { peer: origin }.into());
        }
        let (mut origins, retired) = self.origins().await?;
        if retired.contains(&origin) {
            return Err(SyncError::OriginRetired { origin });
        }
        if !origins.contains(&origin) {
            origins.push(origin);
        }
        Ok(origins)
    }

    /// All devices whose changes may still arrive, and the peers that are retired. A page of a device is
    /// applied even if the device is no peer, so each device with a watermark counts until it is retired.
    pub(super) async fn origins(&self) -> Result<(Vec<DeviceId>, Vec<DeviceId>), SyncError> {
        let (mut origins, retired) = self.peers().await?;
        for known in watermarks::all_of_them(&Over(&self.db)).await? {
            let origin = known.origin;
            let is_counted = origins.contains(&origin) || retired.contains(&origin);
            if !is_counted && origin != self.own.device_id {
                origins.push(origin);
            }
        }
        Ok((origins, retired))
    }

    /// The peers that are active, and those that are retired. A peer whose row is faulty is active.
    pub(super) async fn peers(&self) -> Result<(Vec<DeviceId>, Vec<DeviceId>), SyncError> {
        let mut active = Vec::new();
        let mut retired = Vec::new();
        for peer in self.log.peers().await? {
            match peer {
                Ok(peer) if peer.facts.state == PeerState::Active => active.push(peer.device_id),
                Ok(peer) => retired.push(peer.device_id),
                Err(row) => active.extend(parse_uuid(&row.peer_device_id).map(DeviceId::from)),
            }
        }
        Ok((active, retired))
    }
}
