//! Entries go when every active peer has them (`P1`), planned where they are
//! deleted (`P4`).

use std::sync::Arc;

use sync_log_core::{EntrySummary, LogError, SMALLEST_PRUNE_CHUNK_ENTRIES, WriteJob, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::{Defect, Handle, give_way};
use crate::lies::acks::{acked, set_acked};
use crate::lies::marks::raise;

/// How long a plan waits before it is carried out.
const STEPS_BETWEEN: usize = 8;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::FastestPeerDecides => Defect::misleading(|decision| {
            let rows = &mut decision.shown.peers;
            let fastest = rows.iter().map(acked).max();
            if let (Kind::Prune, Some(fastest)) = (decision.kind, fastest) {
                rows.iter_mut().for_each(|row| set_acked(row, fastest));
            }
        }),
        Fault::LastPeerNotCounted => Defect::misleading(|decision| {
            if decision.kind == Kind::Prune {
                decision.shown.peers.pop();
            }
        }),
        Fault::OneTooMany => Defect::amending(|decision, changes| {
            let after = |entry: &&EntrySummary| Some(entry.hlc) > changes.prune_through;
            if changes.prune_through.is_some() {
                let next = decision.all_entries.iter().find(after);
                changes.prune_through = next.map(|next| next.hlc).or(changes.prune_through);
            }
        }),
        Fault::NothingDeleted => Defect::amending(|_, changes| {
            changes.prune_through = None;
        }),
        Fault::EmptyPruneWrites => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            match decision.kind {
                Kind::Prune if changes.is_empty() => Ok(raise(&decision.shown.state)),
                _ => Ok(changes),
            }
        }),
        Fault::ChunkTooSmall => Defect::misleading(|decision| {
            decision
                .shown
                .oldest
                .truncate(SMALLEST_PRUNE_CHUNK_ENTRIES - 1);
        }),
        Fault::PlanOutsideTransaction => {
            Defect::writing(|handle, job| Box::pin(plan_then_delete(handle, job)))
        }
        Fault::PlanOfFirstChunk => Defect::deciding(plan_by_first_chunk),
        Fault::PlanOfOpening => Defect {
            wake: Some(|handle| Box::pin(look_at_peers(handle))),
            ..Defect::deciding(|handle, decision| {
                if decision.kind == Kind::Prune {
                    let then = handle.own().rows.clone();
                    decision.shown.peers = then.unwrap_or_default();
                }
                decision.take()
            })
        },
        _ => return None,
    })
}

async fn plan_then_delete(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let state = handle.state(handle.read_state().await?);
    if Kind::of(&job.needs(&state)) != Kind::Prune {
        return handle.commit(job).await;
    }
    let changes = handle.decide_apart(job).await?;
    for _ in 0..STEPS_BETWEEN {
        give_way().await;
    }
    handle.apply(changes).await
}

/// A chunk after a full one is planned by the same peers and the same state.
fn plan_by_first_chunk(handle: &Handle, decision: &mut Decision<'_>) -> Result<Writes, LogError> {
    if decision.kind != Kind::Prune {
        return decision.take();
    }
    let first = handle.own().rows.take();
    decision.shown.peers = first.unwrap_or_else(|| decision.shown.peers.clone());
    let changes = decision.take()?;
    let is_gone = |entry: &&EntrySummary| Some(entry.hlc) <= changes.prune_through;
    let gone = decision.all_entries.iter().take_while(is_gone).count();
    let goes_on = gone == SMALLEST_PRUNE_CHUNK_ENTRIES;
    handle.own().rows = goes_on.then(|| decision.shown.peers.clone());
    Ok(changes)
}

async fn look_at_peers(handle: &Arc<Handle>) {
    let survey = handle.inner.survey(|_, _| Vec::new()).await;
    handle.own().rows = survey.ok().map(|survey| survey.peers);
}
