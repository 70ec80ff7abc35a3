//! The peers: registered, retired and admitted again.

use std::sync::Arc;

use hlc::Hlc;

use super::sync_log::SyncLog;
use crate::decide::peers::{self, Registration};
use crate::error::LogError;
use crate::model::{DeviceId, Peer, RegisteredBy, UntrustedRow};
use crate::store::View;

impl SyncLog {
    /// Registers `peer`: from now on no entry is pruned before the peer has acknowledged it (`K1`).
    /// The library is then no longer solo.
    ///
    /// # Errors
    /// [`LogError::NilId`], [`LogError::OwnPeer`]: fix the call.
    /// [`LogError::PeerRetired`]: the peer was retired and may lack entries, so
    /// [`admit`](Self::admit) it. [`LogError::Altered`]: open the log again. [`LogError::Store`].
    pub async fn register_peer(&self, peer: impl Into<DeviceId>) -> Result<Registration, LogError> {
        self.register(peer.into()).await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.register_peer", skip_all, fields(%peer), err(level = "info"))]
    async fn register(&self, peer: DeviceId) -> Result<Registration, LogError> {
        let shared = Arc::clone(&self.shared);
        let registered = self.commit(peers::of(peer), move |view| {
            peers::register(peer, view, shared.clock.now_ms())
        });
        let registration = registered.await?;
        if registration == Registration::New {
            tracing::info!(%peer, by = RegisteredBy::App.as_str(), "registered");
        }
        Ok(registration)
    }

    /// Retires `peer`: it no longer blocks pruning, and its reads and acks are refused. The call
    /// only marks the peer. A later prune deletes the entries that the peer lacked. Retiring a retired
    /// peer changes nothing.
    ///
    /// # Errors
    /// [`LogError::UnknownPeer`]: there is nothing to retire. [`LogError::Altered`]: open the log
    /// again. [`LogError::Store`].
    pub async fn retire(&self, peer: impl Into<DeviceId>) -> Result<(), LogError> {
        self.retire_device(peer.into()).await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.retire", skip_all, fields(%peer), err(level = "info"))]
    async fn retire_device(&self, peer: DeviceId) -> Result<(), LogError> {
        let shared = Arc::clone(&self.shared);
        self.commit(peers::of(peer), move |view| {
            Ok((peers::retire(peer, view, shared.clock.now_ms())?, ()))
        })
        .await?;
        tracing::info!(%peer, "retired");
        Ok(())
    }

    /// Admits a retired peer again, and returns its next admission number. The peer counts from now
    /// on, and has acknowledged nothing. Entries that the peer lacked may have been pruned, so the peer
    /// needs a snapshot. From then on the peer's acks carry the number (see
    /// [`acknowledge`](Self::acknowledge)), and acks under older numbers are refused (`K6`). Admitting
    /// an active peer changes nothing, and returns the peer's number. The library is then no longer solo.
    ///
    /// # Errors
    /// [`LogError::UnknownPeer`]: register it. [`LogError::AdmittedTooOften`]: give the device
    /// another id. [`LogError::Altered`]: open the log again. [`LogError::Store`].
    pub async fn admit(&self, peer: impl Into<DeviceId>) -> Result<u32, LogError> {
        self.admit_device(peer.into()).await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.admit", skip_all, fields(%peer), err(level = "info"))]
    async fn admit_device(&self, peer: DeviceId) -> Result<u32, LogError> {
        let shared = Arc::clone(&self.shared);
        let admitted = self.commit(peers::of(peer), move |view| {
            peers::admit(peer, view, shared.clock.now_ms())
        });
        let admission = admitted.await?;
        tracing::info!(%peer, admission, "admitted");
        Ok(admission)
    }

    /// Declares that no other device needs this library's changes: every entry may be pruned
    /// (`P2`). The declaration is stored, and ends with the first registration. A peer that is
    /// registered later needs a snapshot.
    ///
    /// # Errors
    /// [`LogError::NotSolo`] while a peer is active. [`LogError::Altered`]: open the log again.
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.declare_solo",
        skip_all,
        err(level = "info")
    )]
    pub async fn declare_solo(&self) -> Result<(), LogError> {
        let declare = |view: &View<'_>| Ok((peers::declare_solo(view)?, ()));
        self.commit(peers::all, declare).await?;
        tracing::info!("declared solo");
        Ok(())
    }

    /// Returns all peers, including retired ones, ordered by id. A peer whose rows have a fault is
    /// returned as an error that names the peer.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.peers",
        skip_all,
        err(level = "info")
    )]
    pub async fn peers(&self) -> Result<Vec<Result<Peer, UntrustedRow>>, LogError> {
        let survey = self.survey(|_, _| Vec::new()).await?;
        let judged = survey.peers.iter().map(|row| row.judge(&survey.state));
        Ok(judged.collect())
    }

    /// Returns the active peers that have durably applied every entry of this log up to `hlc`, the stamp of an
    /// own change, ordered by id.
    ///
    /// Only an ack that pruning relies on counts: a peer that was restored and has not caught up, a peer whose
    /// ack is not verified and a peer whose rows have a fault are left out. A change that is not in the log yet
    /// is on no peer.
    ///
    /// ```
    /// use sync_log_core::{DeviceId, Hlc, LogError, SyncLog};
    ///
    /// /// Whether the laptop has the change that was recorded under this stamp.
    /// async fn is_on(log: &SyncLog, laptop: DeviceId, hlc: Hlc) -> Result<bool, LogError> {
    ///     Ok(log.acked_by(hlc).await?.contains(&laptop))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.acked_by", skip_all, fields(%hlc), err(level = "info"))]
    pub async fn acked_by(&self, hlc: Hlc) -> Result<Vec<DeviceId>, LogError> {
        let peers = self.peers().await?.into_iter().flatten();
        let acked = peers.filter(|peer| peer.is_active() && peer.position() >= hlc);
        Ok(acked.map(|peer| peer.device_id).collect())
    }

    /// Makes pruning hold at the stamp from which `peer` reads, below its own ack (`K2`).
    pub(super) async fn hold(&self, peer: DeviceId, reads_after: Hlc) -> Result<(), LogError> {
        self.commit(peers::of(peer), move |view| {
            Ok((peers::hold(peer, reads_after, view)?, ()))
        })
        .await
    }
}
