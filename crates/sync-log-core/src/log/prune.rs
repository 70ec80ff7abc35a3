//! Entries that nobody needs any more are deleted.

use std::sync::Arc;

use hlc::Hlc;
use uuid::Uuid;

use super::{Shared, SyncLog};
use crate::ack::AckOutcome;
use crate::error::LogError;
use crate::explain::{self, Explanation};
use crate::limits::PRUNE_CHUNK_ENTRIES;
use crate::policy::{self, Plan};
use crate::store::{Changes, Needs, PeersNeeded, View};

/// What [`SyncLog::on_ack`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnAck {
    /// What became of the ack.
    pub ack: AckOutcome,
    /// How many entries were pruned.
    pub pruned: usize,
}

impl SyncLog {
    /// Deletes what every active peer has acknowledged and the policy does not
    /// keep; returns how many entries went.
    ///
    /// Works in chunks. The plan of each is computed inside the transaction
    /// that deletes it (`P4`) and the floor moves with it (`P3`), so it is safe
    /// against appends, acks and registrations at the same time, in this process
    /// or another, and may be cancelled or killed between any two chunks.
    ///
    /// # Errors
    /// [`LogError::Store`]; chunks before the failed one stay deleted.
    pub async fn prune_acked(&self) -> Result<usize, LogError> {
        let mut pruned = 0;
        loop {
            let chunk = self.prune_chunk().await?;
            pruned += chunk;
            if chunk < PRUNE_CHUNK_ENTRIES {
                return Ok(pruned);
            }
        }
    }

    /// [`record_ack`](Self::record_ack), then
    /// [`prune_acked`](Self::prune_acked). An ack that registered its peer
    /// prunes nothing (`K4`).
    ///
    /// # Errors
    /// As for both; an ack that was taken stays taken if the prune fails.
    pub async fn on_ack(&self, peer: Uuid, up_to: Hlc) -> Result<OnAck, LogError> {
        let ack = self.record_ack(peer, up_to).await?;
        let pruned = match ack {
            AckOutcome::Registered => 0,
            _ => self.prune_acked().await?,
        };
        tracing::info!(%peer, %up_to, ?ack, pruned, "acknowledged");
        Ok(OnAck { ack, pruned })
    }

    /// Why the log is not shrinking: who or what keeps how much, and what to do
    /// about it (`P7`).
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn explain(&self) -> Result<Explanation, LogError> {
        let survey = self.store.survey(explain::places).await?;
        let now_ms = self.shared.clock.now_ms();
        Ok(explain::explain(
            &survey,
            self.shared.options.policy,
            now_ms,
        ))
    }

    async fn prune_chunk(&self) -> Result<usize, LogError> {
        let shared = Arc::clone(&self.shared);
        let oldest = shared.options.policy.window();
        let needs = move |_: &_| Needs {
            peers: PeersNeeded::All,
            oldest,
            ..Needs::default()
        };
        let decide = move |view: &View<'_>| {
            let plan = shared.plan(view);
            let changes = Changes {
                prune_through: plan.through,
                ..Changes::default()
            };
            Ok((changes, plan.entries))
        };
        let chunk = self.commit(needs, decide).await?;
        tracing::debug!(entries = chunk, "pruned a chunk");
        Ok(chunk)
    }
}

impl Shared {
    fn plan(&self, view: &View<'_>) -> Plan {
        let now_ms = self.clock.now_ms();
        policy::plan(
            self.options.policy,
            view.state,
            &view.peers,
            &view.oldest,
            now_ms,
        )
    }
}
