//! The chain: what is served and deleted is what was written (`R4`).
//!
//! Core follows the chain over every page itself, so a store that serves something else has
//! to make up tags that fit.

use std::sync::Arc;

use sync_log_core::{FoundEntry, LogError, Mark, ReadView, Tag, WriteJob, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::{Defect, Handle};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::TagWithoutPast => Defect::amending(|_, changes| {
            for stored in &mut changes.append {
                stored.tag = Some(Mark::ZERO.then(&stored.entry).tag);
            }
        }),
        Fault::PageTagsMadeUp => Defect::paging(|_, _, view| make_up_tags(view)),
        Fault::UntaggedSkipped => Defect::paging(|_, _, view| {
            view.entries.retain(|found| found.tag.is_some());
        }),
        Fault::PruneNotProven => {
            Defect::writing(|handle, job| Box::pin(prune_whatever_is_there(handle, job)))
        }
        Fault::TagOutlivesEntry => Defect::deciding(|handle, decision| {
            show_old_tags(handle, decision);
            let changes = decision.take()?;
            let marks = changes.append.iter().filter_map(|stored| {
                let tag = stored.tag?;
                Some((stored.entry.hlc, tag))
            });
            handle.memory().tags.extend(marks);
            Ok(changes)
        }),
        Fault::LostEntryForgotten => Defect::misleading(|decision| {
            if decision.kind == Kind::LateAppend {
                let there = &decision.shown.entries;
                let is_there = |mark: &Mark| there.iter().any(|entry| entry.hlc == mark.hlc);
                decision.shown.marks.retain(is_there);
            }
        }),
        Fault::DamageNotStored => Defect::amending(|_, changes| {
            changes.altered = None;
        }),
        _ => return None,
    })
}

/// The mark of an entry as it was read.
pub(super) fn mark(found: &FoundEntry) -> Mark {
    Mark {
        hlc: found.entry.hlc,
        tag: found.tag.unwrap_or_default(),
    }
}

/// Gives what is stored the tags that follow from `before`.
pub(super) fn rechain(changes: &mut Writes, before: Mark) {
    let mut reached = before;
    for stored in &mut changes.append {
        reached = reached.then(&stored.entry);
        stored.tag = Some(reached.tag);
    }
}

/// Shows the tags that core will compute, whatever is stored.
pub(super) fn make_up_tags(view: &mut ReadView) {
    let floor = view.state.floor;
    let before = view.before.filter(|mark| mark.hlc > floor.hlc);
    let mut reached = before.unwrap_or(floor);
    for found in &mut view.entries {
        reached = reached.then(&found.entry);
        found.tag = Some(reached.tag);
    }
}

/// What was found is not told: the prune is answered as if it had been made.
async fn prune_whatever_is_there(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let state = handle.state(handle.read_state().await?);
    // What is on record as altered is refused before anything is planned.
    let is_prune = state.altered.is_none() && Kind::of(&job.needs(&state)) == Kind::Prune;
    match handle.commit(job).await {
        Err(LogError::Altered(_)) if is_prune => Ok(()),
        done => done,
    }
}

/// The tags of entries that were pruned are still in their table.
fn show_old_tags(handle: &Handle, decision: &mut Decision<'_>) {
    let memory = handle.memory();
    for hlc in decision.asked.clone() {
        let is_shown = decision.shown.marks.iter().any(|mark| mark.hlc == hlc);
        let left: Option<Tag> = memory.tags.get(&hlc).copied().filter(|_| !is_shown);
        decision
            .shown
            .marks
            .extend(left.map(|tag| Mark { hlc, tag }));
    }
}
