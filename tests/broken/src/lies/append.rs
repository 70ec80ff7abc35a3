//! Appending: `A1` to `A5`.

use std::sync::Arc;

use sync_log_core::{Changes, Hlc, LogError, LogState, WriteJob};

use crate::decision::{Decision, Kind};
use crate::defect::Defect;
use crate::fault::Fault;
use crate::handle::{Handle, entries, give_way};
use crate::planted::Marks;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let right = Defect::default();
    Some(match fault {
        Fault::StampBeforeWrite => Defect {
            write: Some(|handle, job| Box::pin(stamp_before_write(handle, job))),
            ..right
        },
        Fault::HeadForgotten => Defect {
            wake: Some(|handle| Box::pin(forget(handle, |newest, _| newest))),
            state: Some(show_forgotten),
            decide: Some(remember_head),
            ..right
        },
        Fault::ObservedForgotten => Defect {
            wake: Some(|handle| Box::pin(forget(handle, |_, head| head))),
            state: Some(show_forgotten),
            decide: Some(remember_head),
            ..right
        },
        _ => return None,
    })
}

async fn stamp_before_write(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let state = handle.state(handle.read_state().await?);
    if Kind::of(&job.needs(&state)) != Kind::Stamp {
        return handle.commit(job).await;
    }
    let changes = handle.decide_apart(job).await?;
    give_way().await;
    handle.apply(changes).await
}

/// After a restart: head and high-water are both what `left` makes of the newest
/// entry that is there and of the head.
async fn forget(handle: &Handle, left: fn(Hlc, Hlc) -> Hlc) {
    if !handle.own().after_restart {
        return;
    }
    let Ok(view) = handle.inner.read(entries(usize::MAX)).await else {
        return;
    };
    let newest = view.entries.last().map_or(Hlc::ZERO, |entry| entry.hlc);
    let state = handle.state(view.state);
    let left = left(newest, state.head);
    let real = Marks {
        head: view.state.head,
        high_water: view.state.high_water,
    };
    let shown = Marks {
        head: left,
        high_water: left,
    };
    handle.memory().forgotten = Some([real, shown]);
}

fn show_forgotten(handle: &Handle, state: &mut LogState) {
    let Some([real, shown]) = handle.memory().forgotten else {
        return;
    };
    if state.head == real.head {
        state.head = shown.head;
    }
    if state.high_water == real.high_water {
        state.high_water = shown.high_water;
    }
}

/// A log that was written to knows its head again.
fn remember_head(handle: &Handle, decision: &mut Decision<'_>) -> Result<Changes, LogError> {
    let changes = decision.take()?;
    if !changes.append.is_empty() {
        handle.memory().forgotten = None;
    }
    Ok(changes)
}
