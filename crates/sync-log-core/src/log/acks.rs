//! What peers acknowledge.

use std::sync::Arc;

use hlc::Hlc;
use uuid::Uuid;

use super::sync_log::SyncLog;
use crate::decide::ack::{self, Ack, Claim};
use crate::error::LogError;
use crate::model::{AckOutcome, Cursor, FIRST_ADMISSION};

impl SyncLog {
    /// Records that `peer` has durably applied every entry up to and including `hlc`. Code that
    /// serves peers uses [`record_ack_at`](Self::record_ack_at), which also checks that both mean
    /// the same log.
    ///
    /// # Errors
    /// As for [`record_ack_at`](Self::record_ack_at), without
    /// [`LogError::OtherLog`].
    #[tracing::instrument(level = "debug", name = "sync_log.record_ack", skip_all, fields(%peer, %hlc))]
    pub async fn record_ack(&self, peer: Uuid, hlc: Hlc) -> Result<AckOutcome, LogError> {
        let claim = Claim::Stamp(hlc);
        self.take_ack(Ack {
            peer,
            admission: FIRST_ADMISSION,
            claim,
        })
        .await
    }

    /// Records that `peer` has durably applied every entry up to and including `cursor`, which it
    /// got from a [`Page`](crate::Page). `peer` is the device that the transport authenticated,
    /// never an id from a message (`K5`).
    ///
    /// Do not pass on an ack that was sent before this log's file, or the peer's records, were
    /// restored from a backup: the log cannot tell it from a current ack.
    ///
    /// # Errors
    /// In this order: [`LogError::NilId`], [`LogError::OwnPeer`],
    /// [`LogError::PeerRetired`], [`LogError::UnknownPeer`] under [`UnknownPeers::Refuse`](crate::UnknownPeers),
    /// [`LogError::AdmissionAhead`] or [`LogError::OtherAdmission`], [`LogError::OtherLog`], [`LogError::ForeignOrigin`],
    /// [`LogError::AckBeyondHead`], [`LogError::UnknownStamp`]; or
    /// [`LogError::Store`].
    pub async fn record_ack_at(&self, peer: Uuid, cursor: Cursor) -> Result<AckOutcome, LogError> {
        self.record_ack_under(peer, FIRST_ADMISSION, cursor).await
    }

    /// As [`record_ack_at`](Self::record_ack_at), of a peer that sends its admission number with
    /// the ack. The other calls stand for number 1, so for a peer that was retired and admitted
    /// again this is the only one.
    ///
    /// ```
    /// use sync_log_core::{Cursor, LogError, SyncLog, Uuid};
    ///
    /// /// The number and the place go to the peer together with a copy of the records.
    /// async fn let_back(log: &SyncLog, peer: Uuid) -> Result<(u32, Cursor), LogError> {
    ///     let admission = log.admit(peer).await?;
    ///     Ok((admission, log.head_cursor().await?))
    /// }
    ///
    /// /// It says the number with each ack, from its first one on, which is of that place.
    /// async fn ack(log: &SyncLog, peer: Uuid, said: (u32, Cursor)) -> Result<(), LogError> {
    ///     let (admission, cursor) = said;
    ///     log.record_ack_under(peer, admission, cursor).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`record_ack_at`](Self::record_ack_at).
    #[tracing::instrument(level = "debug", name = "sync_log.record_ack_under", skip_all, fields(%peer, admission, hlc = %cursor.hlc()))]
    pub async fn record_ack_under(
        &self,
        peer: Uuid,
        admission: u32,
        cursor: Cursor,
    ) -> Result<AckOutcome, LogError> {
        let claim = Claim::Cursor(cursor);
        self.take_ack(Ack {
            peer,
            admission,
            claim,
        })
        .await
    }

    async fn take_ack(&self, ack: Ack) -> Result<AckOutcome, LogError> {
        let shared = Arc::clone(&self.shared);
        let taken = self.commit(
            move |_| ack::needs(ack.peer, ack.claim),
            move |view| {
                let (unknown, now_ms) = (shared.options.unknown_peers, shared.clock.now_ms());
                ack::decide(ack, unknown, view, now_ms)
            },
        );
        self.noting_verdict(Some(ack.peer), taken.await).await
    }
}
