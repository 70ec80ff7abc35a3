//! The floor moves with the delete (`P3`).

use std::sync::Arc;

use sync_log_core::{LogError, LogState, Mark, Tag, WriteJob, Writes};

use crate::fault::Fault;
use crate::handle::{Defect, Handle, give_way};
use crate::lies::durable::remember_rows;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::FloorNotStored => Defect::stating(|_, state| state.floor = Mark::ZERO),
        Fault::FloorAfterDelete => Defect {
            state: Some(show_stored),
            ..Defect::writing(|handle, job| Box::pin(floor_after_delete(handle, job)))
        },
        Fault::FloorBeforeDelete => Defect {
            state: Some(|handle, state| {
                let stored = handle
                    .memory()
                    .floor
                    .filter(|stored| stored.hlc <= state.head.hlc);
                if let Some(stored) = stored.filter(|stored| stored.hlc > state.floor.hlc) {
                    state.floor = stored;
                }
            }),
            ..Defect::writing(|handle, job| Box::pin(floor_before_delete(handle, job)))
        },
        Fault::FloorWithoutTag => Defect::stating(|_, state| state.floor.tag = Tag::ZERO),
        Fault::FloorTagLeftBehind => Defect {
            state: Some(|handle, state| {
                let stored = handle.memory().floor;
                if let Some(stored) = stored.filter(|stored| stored.hlc == state.floor.hlc) {
                    state.floor = stored;
                }
            }),
            ..Defect::deciding(|handle, decision| {
                let changes = decision.take()?;
                let tag = decision.shown.state.floor.tag;
                if let Some(hlc) = changes.prune_through {
                    handle.memory().floor = Some(Mark { hlc, tag });
                }
                Ok(changes)
            })
        },
        Fault::FloorOneBehind => Defect {
            state: Some(show_stored),
            ..Defect::deciding(|handle, decision| {
                let changes = decision.take()?;
                if let Some(last) = changes.prune_through {
                    let entries = decision.all_entries.iter().map(|entry| entry.hlc);
                    let before = entries.take_while(|hlc| *hlc < last).last();
                    let floor = before.map_or(decision.shown.state.floor, a_mark_at);
                    handle.memory().floor = Some(floor);
                }
                Ok(changes)
            })
        },
        Fault::FloorIsHead => Defect::stating(|_, state| {
            if !state.floor.hlc.is_zero() {
                state.floor = state.head;
            }
        }),
        Fault::FloorForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_rows(handle))),
            state: Some(|handle, state| {
                if handle.memory().floor == Some(state.floor) {
                    state.floor = Mark::ZERO;
                }
            }),
            ..Defect::default()
        },
        _ => return None,
    })
}

/// A mark whose entry is gone, and its tag with it.
fn a_mark_at(hlc: sync_log_core::Hlc) -> Mark {
    Mark {
        hlc,
        tag: Tag::from_bytes([1; Tag::BYTES_LEN]),
    }
}

/// The floor is what was stored last. A file that was put back has the floor of
/// that time.
fn show_stored(handle: &Handle, state: &mut LogState) {
    let stored = handle.memory().floor.unwrap_or(Mark::ZERO);
    if stored.hlc < state.floor.hlc {
        state.floor = stored;
    }
}

async fn floor_after_delete(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let decided = handle.commit_part(job, |changes| (changes.clone(), changes));
    if decided.await?.prune_through.is_none() {
        return Ok(());
    }
    let moved = handle.read_state().await?.floor;
    give_way().await;
    // The second step is a write too, for whoever counts or breaks writes.
    handle.apply(Writes::default()).await?;
    handle.memory().floor = Some(moved);
    Ok(())
}

async fn floor_before_delete(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let changes = handle.decide_apart(job).await?;
    if let Some(hlc) = changes.prune_through {
        handle.memory().floor = Some(a_mark_at(hlc));
        give_way().await;
    }
    handle.apply(changes).await
}
