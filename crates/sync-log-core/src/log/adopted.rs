//! What the app declares about an adopted log before it is pruned (`I3`).

use super::sync_log::SyncLog;
use super::write::no_needs;
use crate::decide::peers;
use crate::error::LogError;
use crate::limits::MAX_DECLARED_PEERS;
use crate::model::DeviceId;
use crate::store::View;

impl SyncLog {
    /// Declares that `peers` and the registered peers are all the devices that need this library's
    /// changes. Registers each of `peers` that the log does not know.
    ///
    /// An adopted log is not pruned before this declaration: the other program kept no list of peers, and
    /// a peer that never acknowledged left no trace. Pass every peer that the app knows. On any other
    /// log the call only registers peers. Each registration is a commit of its own, and the declaration is
    /// the last commit, so the call may be cancelled and repeated.
    ///
    /// ```
    /// use sync_log_core::{DeviceId, LogError, SyncLog};
    ///
    /// /// Once, after a Spacedrive-style `sync.db` was opened.
    /// async fn go_on(log: &SyncLog, own_devices: &[DeviceId]) -> Result<(), LogError> {
    ///     log.declare_peers(own_devices).await?;
    ///     assert!(log.status().await?.peers_declared);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`register_peer`](Self::register_peer). [`LogError::TooMany`] for more than
    /// [`MAX_DECLARED_PEERS`].
    pub async fn declare_peers(
        &self,
        peers: impl IntoIterator<Item = impl Into<DeviceId>>,
    ) -> Result<(), LogError> {
        self.declare(peers.into_iter().map(Into::into).collect())
            .await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.declare_peers", skip_all, fields(peers = peers.len()), err(level = "info"))]
    async fn declare(&self, peers: Vec<DeviceId>) -> Result<(), LogError> {
        let (count, limit) = (peers.len(), MAX_DECLARED_PEERS);
        if count > limit {
            return Err(LogError::TooMany { count, limit });
        }
        for peer in peers {
            self.register_peer(peer).await?;
        }
        self.declare_complete().await
    }

    /// Trusts the acks that were found in an adopted file, or that another program wrote since: an
    /// operator vouches that the acks are true and that no peer is missing. Entries that these acks
    /// release may be pruned from then on. Returns the number of peers whose acks are trusted now.
    ///
    /// If the operator is wrong, a peer loses changes for good. If the peers can be reached,
    /// [`declare_peers`](Self::declare_peers) and an ack of each peer are the safe way. Each ack is
    /// a commit of its own, and the declaration is the last commit, so the call may be cancelled and
    /// repeated.
    ///
    /// # Errors
    /// [`LogError::Altered`]: open the log again. [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.trust_adopted_acks",
        skip_all,
        err(level = "info")
    )]
    pub async fn trust_adopted_acks(&self) -> Result<usize, LogError> {
        let survey = self.survey(|_, _| Vec::new()).await?;
        let mut trusted = 0;
        for row in &survey.peers {
            let peer = row.peer(&survey.state);
            let Some((peer, claim)) = peer.zip(row.claim(&survey.state)) else {
                continue;
            };
            let verified = self.commit(peers::of(peer.device_id), move |view| {
                Ok(peers::trust(claim, view))
            });
            trusted += usize::from(verified.await?);
        }
        self.declare_complete().await?;
        Ok(trusted)
    }

    async fn declare_complete(&self) -> Result<(), LogError> {
        let declare = |view: &View<'_>| Ok((peers::declare_peers(view), ()));
        self.commit(no_needs, declare).await
    }
}
