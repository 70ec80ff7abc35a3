//! Entries enter above the head (`A1`).

use std::sync::Arc;

use sync_log_core::{Hlc, LogError, Mark, WriteJob, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::{Defect, Handle, give_way};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::StampBeforeWrite => {
            Defect::writing(|handle, job| Box::pin(stamp_before_write(handle, job)))
        }
        Fault::StateNotReread => Defect::deciding(decide_on_what_was_known),
        Fault::LateAppendTaken => {
            Defect::overruling(|decision, why| is_late(why).then(|| Ok(whole_batch(decision))))
        }
        Fault::HeadReplaced => Defect::overruling(|decision, why| match why {
            LogError::OtherContent { hlc } if *hlc == decision.shown.state.head.hlc => {
                Some(Ok(whole_batch(decision)))
            }
            _ => None,
        }),
        Fault::RetryRefused => Defect::misleading(|decision| {
            if decision.kind == Kind::LateAppend {
                decision.shown.entries.clear();
                decision.shown.marks.clear();
            }
        }),
        Fault::RetryByStampAlone => Defect::overruling(|decision, why| {
            if !is_late(why) {
                return None;
            }
            let batch = whole_batch(decision);
            let is_there = |hlc| decision.all_entries.iter().any(|entry| entry.hlc == hlc);
            let all_there = batch.append.iter().all(|stored| is_there(stored.entry.hlc));
            all_there.then(|| Ok(Writes::default()))
        }),
        Fault::HeadIsFirstOfBatch => Defect::amending(|_, changes| {
            changes.append.reverse();
        }),
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

/// Head and high-water are those that this handle read first, or wrote since.
fn decide_on_what_was_known(
    handle: &Handle,
    decision: &mut Decision<'_>,
) -> Result<Writes, LogError> {
    let known = handle.own().state.unwrap_or(decision.shown.state);
    decision.shown.state.head = known.head;
    decision.shown.state.high_water = known.high_water;
    let changes = decision.take()?;
    let mut written = decision.shown.state;
    written.head = changes
        .append
        .iter()
        .fold(written.head, |head, stored| head.then(&stored.entry));
    written.high_water = changes.high_water.unwrap_or(written.high_water);
    handle.own().state = Some(written);
    Ok(changes)
}

/// Whether an append was refused because of what is there already.
pub(super) const fn is_late(why: &LogError) -> bool {
    matches!(
        why,
        LogError::Overtaken { .. }
            | LogError::OtherContent { .. }
            | LogError::BelowFloor { .. }
            | LogError::BatchMixed { .. }
    )
}

/// The batch of an append, as if all of it were above the head.
pub(super) fn whole_batch(decision: &mut Decision<'_>) -> Writes {
    let all = decision.take_showing(|shown| {
        shown.state.head = Mark::ZERO;
        shown.state.settled = Hlc::ZERO;
    });
    all.unwrap_or_default()
}
