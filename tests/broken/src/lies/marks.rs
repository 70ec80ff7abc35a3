//! Head and high-water survive (`A5`).

use std::sync::Arc;

use sync_log_core::{Hlc, LogError, LogState, Mark, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::{Defect, Handle, entries};
use crate::lies::chain::mark;
use crate::memory::Marks;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let forgetful = Defect {
        state: Some(show_forgotten),
        decide: Some(remember_head),
        ..Defect::default()
    };
    Some(match fault {
        Fault::HeadForgotten => Defect {
            wake: Some(|handle| Box::pin(forget(handle, |newest, _| newest))),
            ..forgetful
        },
        Fault::ObservedForgotten => Defect {
            wake: Some(|handle| Box::pin(forget(handle, |_, head| head))),
            ..forgetful
        },
        Fault::TickNotStored => {
            Defect::deciding(|_, decision| keep_high_water(decision, |hlc, own| hlc != own))
        }
        Fault::ObservedNotStored => {
            Defect::deciding(|_, decision| keep_high_water(decision, |hlc, own| hlc == own))
        }
        Fault::PastObservedWritten => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            match decision.kind {
                Kind::Stamp if changes.is_empty() => Ok(raise(&decision.shown.state)),
                _ => Ok(changes),
            }
        }),
        Fault::HeadIsHighWater => {
            Defect::stating(|_, state| state.head.hlc = state.head.hlc.max(state.high_water))
        }
        Fault::HighWaterGoesBack => Defect::amending(|_, changes| {
            let last = changes.append.last().map(|last| last.entry.hlc);
            changes.high_water = last.or(changes.high_water);
        }),
        Fault::EmptyLogHasNoHead => Defect {
            state: Some(show_forgotten),
            decide: Some(|handle, decision| {
                let changes = remember_head(handle, decision)?;
                let newest = decision.all_entries.last().map(|entry| entry.hlc);
                if changes.prune_through.is_some() && changes.prune_through == newest {
                    let state = &decision.shown.state;
                    handle.memory().forgotten = Some([
                        marks(state),
                        Marks {
                            head: Mark::ZERO,
                            ..marks(state)
                        },
                    ]);
                }
                Ok(changes)
            }),
            ..Defect::default()
        },
        _ => return None,
    })
}

fn marks(state: &LogState) -> Marks {
    Marks {
        head: state.head,
        high_water: state.high_water,
    }
}

/// Something to write that nobody asked for: a higher high-water.
pub(super) fn raise(state: &LogState) -> Writes {
    let high_water = state.high_water;
    let raised = Hlc {
        timestamp: high_water.timestamp + 1,
        ..high_water
    };
    Writes {
        high_water: Some(raised),
        ..Writes::default()
    }
}

/// After a restart: head and high-water are both what `left` makes of the newest
/// entry that is there and of the head.
async fn forget(handle: &Arc<Handle>, left: fn(Mark, Mark) -> Mark) {
    if !handle.own().after_restart {
        return;
    }
    let Ok(view) = handle.inner.read(entries(usize::MAX)).await else {
        return;
    };
    let newest = view.entries.last().map_or(Mark::ZERO, mark);
    let left = left(newest, handle.state(view.state).head);
    let shown = Marks {
        head: left,
        high_water: left.hlc,
    };
    handle.memory().forgotten = Some([marks(&view.state), shown]);
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
fn remember_head(handle: &Handle, decision: &mut Decision<'_>) -> Result<Writes, LogError> {
    let changes = decision.take()?;
    if !changes.append.is_empty() {
        handle.memory().forgotten = None;
    }
    Ok(changes)
}

/// Where nothing is appended, stores the high-water of such devices alone.
fn keep_high_water(
    decision: &mut Decision<'_>,
    is_kept: fn(sync_log_core::Uuid, sync_log_core::Uuid) -> bool,
) -> Result<Writes, LogError> {
    let mut changes = decision.take()?;
    let own = decision.shown.state.identity.device_id;
    if changes.append.is_empty() {
        changes.high_water = changes
            .high_water
            .filter(|hlc| is_kept(hlc.device_id, own.into()));
    }
    Ok(changes)
}
