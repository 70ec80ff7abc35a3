//! What the app declares about an adopted log before it is pruned (`I3`).

use hlc::Hlc;
use uuid::Uuid;

use super::SyncLog;
use super::peers::one_peer;
use crate::error::LogError;
use crate::limits::MAX_DECLARED_PEERS;
use crate::state::LogState;
use crate::store::{Changes, Needs, View};

impl SyncLog {
    /// Declares that `peers`, with those that are registered already, are all devices that need
    /// this library's changes. Registers those that the log does not know.
    ///
    /// An adopted log is not pruned before that: the earlier program kept no list of peers, and a
    /// peer that never acknowledged left no trace. Pass every peer that the app knows. On any
    /// other log this only registers them. Each step is a commit, the declaration last, so the
    /// call may be cancelled and made again.
    ///
    /// ```
    /// use sync_log_core::{LogError, SyncLog, Uuid};
    ///
    /// /// Once, after the file of an earlier program was opened.
    /// async fn go_on(log: &SyncLog, own_devices: &[Uuid]) -> Result<(), LogError> {
    ///     log.declare_peers(own_devices).await?;
    ///     assert!(log.status().await?.peers_declared);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`register_peer`](Self::register_peer);
    /// [`LogError::TooMany`] for more than [`MAX_DECLARED_PEERS`].
    #[tracing::instrument(level = "debug", name = "sync_log.declare_peers", skip_all, fields(peers = peers.len()))]
    pub async fn declare_peers(&self, peers: &[Uuid]) -> Result<(), LogError> {
        let (count, limit) = (peers.len(), MAX_DECLARED_PEERS);
        if count > limit {
            return Err(LogError::TooMany { count, limit });
        }
        for peer in peers {
            self.register_peer(*peer).await?;
        }
        self.commit(|_| Needs::default(), |view| Ok((declared(view), ())))
            .await
    }

    /// Trusts the acks that were found in an adopted file, or that another program wrote since, on
    /// an operator's word that they are true and that no peer is missing. Entries that they
    /// release are pruned from then on. Returns the number of peers whose acks are trusted now.
    ///
    /// If the operator is wrong, a peer loses changes for good. Where the peers can be reached,
    /// [`declare_peers`](Self::declare_peers) and an ack of each are the safe way. Each step is a
    /// commit, the declaration last, so the call may be cancelled and made again.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.trust_adopted_acks", skip_all)]
    pub async fn trust_adopted_acks(&self) -> Result<usize, LogError> {
        let survey = self.survey(|_, _| Vec::new()).await?;
        let mut trusted = 0;
        for row in &survey.peers {
            let peer = row.peer(&survey.state);
            let Some((peer, claim)) = peer.zip(row.claim(&survey.state)) else {
                continue;
            };
            let verified = self.commit(one_peer(peer.peer), move |view| verify(claim, view));
            trusted += usize::from(verified.await?);
        }
        self.commit(
            |_: &LogState| Needs::default(),
            |view| Ok((declared(view), ())),
        )
        .await?;
        Ok(trusted)
    }
}

fn declared(view: &View<'_>) -> Changes {
    Changes {
        peers_declared: (!view.state.peers_declared).then_some(true),
        ..Changes::default()
    }
}

/// Vouches for the ack `claim`: not for another that is there by now.
fn verify(claim: Hlc, view: &View<'_>) -> Result<(Changes, bool), LogError> {
    let row = view.peers.first();
    let is_meant = row.and_then(|row| row.claim(view.state)) == Some(claim);
    let peer = row.and_then(|row| row.peer(view.state));
    let vouched = peer.filter(|_| is_meant).map(|mut peer| {
        peer.acked = claim;
        peer.facts.verified = true;
        peer
    });
    let is_vouched = vouched.is_some();
    let changes = Changes {
        peer: vouched,
        ..Changes::default()
    };
    Ok((changes, is_vouched))
}
