//! Pruning: `P1` to `P7`.

use std::sync::Arc;

use sync_log_core::{Changes, LogError, Mark, WriteJob};

use crate::decision::Kind;
use crate::defect::Defect;
use crate::fault::Fault;
use crate::handle::{Handle, give_way};

/// How long a plan waits before it is carried out.
const STEPS_BETWEEN: usize = 8;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let right = Defect::default();
    Some(match fault {
        Fault::FloorNotStored => Defect {
            state: Some(|_, state| state.floor = Mark::ZERO),
            ..right
        },
        Fault::FloorAfterDelete => Defect {
            state: Some(|handle, state| {
                // A file that was put back has the floor of that time.
                let stored = handle.memory().floor.unwrap_or(Mark::ZERO);
                if stored.hlc < state.floor.hlc {
                    state.floor = stored;
                }
            }),
            write: Some(|handle, job| Box::pin(floor_after_delete(handle, job))),
            ..right
        },
        Fault::PlanOutsideTransaction => Defect {
            write: Some(|handle, job| Box::pin(plan_then_delete(handle, job))),
            ..right
        },
        _ => return None,
    })
}

async fn floor_after_delete(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    handle.commit(job).await?;
    let moved = handle.read_state().await?.floor;
    if moved == handle.memory().floor.unwrap_or(Mark::ZERO) {
        return Ok(());
    }
    give_way().await;
    handle.apply(Changes::default()).await?;
    handle.memory().floor = Some(moved);
    Ok(())
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
