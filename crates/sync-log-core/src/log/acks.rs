//! Acknowledgements of peers.

use std::sync::Arc;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::sync_log::SyncLog;
use crate::decide::ack;
use crate::error::LogError;
use crate::model::{Ack, AckOutcome, DeviceId, RegisteredBy};

/// What [`SyncLog::on_ack`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OnAck {
    /// The outcome of the ack.
    pub ack: AckOutcome,
    /// How many entries were pruned.
    pub pruned: usize,
}

impl SyncLog {
    /// Records a peer's acknowledgement: it has durably applied every entry up to and including
    /// the position that the ack names. Nothing is pruned; see
    /// [`prune_acked`](Self::prune_acked).
    ///
    /// `ack.peer` is the device that the transport authenticated, never an id from a message
    /// (`K5`). Do not pass on an ack that was sent before this log's file, or the peer's records,
    /// were restored from a backup: the log cannot distinguish it from a current ack.
    ///
    /// ```
    /// use sync_log_core::{Ack, Cursor, DeviceId, LogError, SyncLog};
    ///
    /// /// Takes the ack that `peer` sent over an authenticated connection.
    /// async fn acknowledged(log: &SyncLog, peer: DeviceId, next: Cursor) -> Result<(), LogError> {
    ///     log.acknowledge(Ack::new(peer, next)).await?;
    ///     log.prune_acked().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// A peer that was retired and admitted again sends its admission number with each ack. Its
    /// first ack is the cursor of its snapshot:
    ///
    /// ```
    /// use sync_log_core::{Ack, Cursor, DeviceId, LogError, SyncLog};
    ///
    /// /// The number and the cursor go to the peer together with a copy of the records.
    /// async fn admit(log: &SyncLog, peer: DeviceId) -> Result<(u32, Cursor), LogError> {
    ///     let admission = log.admit(peer).await?;
    ///     Ok((admission, log.head_cursor().await?))
    /// }
    ///
    /// async fn acknowledged(
    ///     log: &SyncLog,
    ///     peer: DeviceId,
    ///     admission: u32,
    ///     next: Cursor,
    /// ) -> Result<(), LogError> {
    ///     log.acknowledge(Ack::new(peer, next).under(admission)).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future leaves the log as after `Ok` or as after `Err` (`A7`). The same ack
    /// may be sent again: it is then [`AckOutcome::Unchanged`].
    ///
    /// # Errors
    /// In this order: [`LogError::NilId`], [`LogError::OwnPeer`]: fix the call.
    /// [`LogError::PeerRetired`]: admit the peer. [`LogError::UnknownPeer`] under
    /// [`UnknownPeers::Refuse`](crate::UnknownPeers): register it. [`LogError::AdmissionAhead`]:
    /// this file was restored. [`LogError::OtherAdmission`]: the peer needs a snapshot under its
    /// new number. [`LogError::OtherLog`]: the ack is of another log. [`LogError::ForeignOrigin`],
    /// [`LogError::AckBeyondHead`], [`LogError::UnknownStamp`]: the ack names nothing that this log
    /// sent. [`LogError::Altered`]: open the log again. [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.acknowledge",
        skip_all,
        fields(peer = %ack.peer, admission = ack.admission, hlc = %ack.at.hlc()),
        err(level = "info")
    )]
    pub async fn acknowledge(&self, ack: Ack) -> Result<AckOutcome, LogError> {
        let shared = Arc::clone(&self.shared);
        let taken = self.commit(
            move |_| ack::needs(ack),
            move |view| {
                let unknown_peers = shared.options.unknown_peers;
                ack::decide(ack, unknown_peers, view, shared.clock.now_ms())
            },
        );
        let taken = self.noting_verdict(Some(ack.peer), taken.await).await?;
        if taken == AckOutcome::Registered {
            let peer = ack.peer;
            tracing::info!(%peer, by = RegisteredBy::Ack.as_str(), "registered");
        }
        Ok(taken)
    }

    /// The original name of [`acknowledge`](Self::acknowledge). It takes an ack that names only a stamp,
    /// of a peer that was never retired. Code that serves peers calls `acknowledge` with a cursor instead.
    ///
    /// # Errors
    /// As for [`acknowledge`](Self::acknowledge).
    pub async fn record_ack(
        &self,
        peer: impl Into<DeviceId>,
        hlc: Hlc,
    ) -> Result<AckOutcome, LogError> {
        self.acknowledge(Ack::new(peer, hlc)).await
    }

    /// The original name of [`record_ack`](Self::record_ack) followed by
    /// [`prune_acked`](Self::prune_acked). An ack that registered its peer prunes nothing (`K4`).
    ///
    /// # Errors
    /// As for both. If the prune fails, the ack stays accepted.
    pub async fn on_ack(&self, peer: impl Into<DeviceId>, up_to: Hlc) -> Result<OnAck, LogError> {
        let ack = self.record_ack(peer, up_to).await?;
        let pruned = match ack {
            AckOutcome::Registered => 0,
            _ => self.prune_acked().await?,
        };
        Ok(OnAck { ack, pruned })
    }
}
