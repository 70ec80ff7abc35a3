//! What the app has to say of a log that was adopted, before it is pruned (`I3`).

use hlc::Hlc;
use uuid::Uuid;

use super::SyncLog;
use super::peers::{judge_all, one_peer};
use crate::error::LogError;
use crate::limits::MAX_DECLARED_PEERS;
use crate::peer::Peer;
use crate::state::LogState;
use crate::store::{Changes, Needs, View};

impl SyncLog {
    /// Declares that `peers`, and those that are registered already, are all that
    /// need this library's changes; registers those that are not known.
    ///
    /// A log that was adopted is not pruned before: the earlier program kept no
    /// list of peers, and one that never acknowledged left no trace. Declare it
    /// with every peer that the app knows; on any other log this registers them.
    /// Each step is committed by itself, the declaration last, so it may be
    /// cancelled and called again.
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

    /// Takes an operator's word that the acks found in the adopted file are true,
    /// and that no peer is missing: entries that they release are pruned from then
    /// on. Returns for how many peers.
    ///
    /// If that word is wrong, a peer may lose changes for good; where peers can be
    /// reached, [`declare_peers`](Self::declare_peers) and an ack of each are safe.
    /// Each step is committed by itself, the declaration last, so it may be
    /// cancelled and called again.
    ///
    /// # Errors
    /// [`LogError::UntrustedRow`] if a row cannot be relied on at all: nothing was
    /// taken. [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.trust_adopted_acks", skip_all)]
    pub async fn trust_adopted_acks(&self) -> Result<usize, LogError> {
        let survey = self.store.survey(|_, _| Vec::new()).await?;
        let peers = judge_all(&survey.peers, &survey.state).collect::<Result<Vec<_>, _>>()?;
        let unverified = peers.iter().filter(|peer| !peer.facts.verified);
        let mut trusted = 0;
        for peer in unverified {
            let acked = peer.acked;
            let verified = self.commit(one_peer(peer.peer), move |view| verify(acked, view));
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

/// Vouches for the ack `acked`: not for another that is there by now.
fn verify(acked: Hlc, view: &View<'_>) -> Result<(Changes, bool), LogError> {
    let Some(row) = view.peers.first() else {
        return Ok((Changes::default(), false));
    };
    let mut peer: Peer = row.judge(view.state)?;
    let is_meant = !peer.facts.verified && peer.acked == acked;
    peer.facts.verified = true;
    let changes = Changes {
        peer: is_meant.then_some(peer),
        ..Changes::default()
    };
    Ok((changes, is_meant))
}
