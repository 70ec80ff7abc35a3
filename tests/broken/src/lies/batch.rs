//! A call is all or nothing (`A2`), also if it is dropped (`A7`).

use std::sync::Arc;

use sync_log_core::{LogError, StoreError, StoreFault, WriteJob, Writes};

use crate::decision::Decision;
use crate::fault::Fault;
use crate::handle::{Defect, Handle, entries, give_way};
use crate::lies::append::{is_late, whole_batch};
use crate::lies::chain::rechain;
use crate::lies::marks::raise;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::HalfBatch => {
            Defect::writing(|handle, job| Box::pin(in_two_steps(handle, job, first_entry)))
        }
        Fault::BatchTailLost => Defect::amending(|_, changes| {
            let kept = changes.append.len().max(2) - 1;
            changes.append.truncate(kept);
        }),
        Fault::MixedBatchTaken => Defect::overruling(|decision, why| match why {
            LogError::BatchMixed { .. } | LogError::OtherContent { .. } => {
                Some(Ok(above_the_head(decision)))
            }
            _ => None,
        }),
        Fault::LateBatchCut => Defect::overruling(|decision, why| {
            let cut = is_late(why).then(|| above_the_head(decision))?;
            (!cut.append.is_empty()).then_some(Ok(cut))
        }),
        Fault::RefusalLeavesTrace => {
            Defect::writing(|handle, job| Box::pin(leave_a_trace(handle, job)))
        }
        Fault::RefusalSpreads => {
            Defect::writing(|handle, job| Box::pin(spread_a_refusal(handle, job)))
        }
        Fault::RowInTwoSteps => {
            Defect::writing(|handle, job| Box::pin(in_two_steps(handle, job, half_a_row)))
        }
        Fault::ChunkInTwoSteps => {
            Defect::writing(|handle, job| Box::pin(chunk_in_two_steps(handle, job)))
        }
        Fault::DroppedCallTakesEffectLater => {
            Defect::writing(|handle, job| Box::pin(take_effect_later(handle, job)))
        }
        Fault::DroppedCallPoisons => {
            Defect::writing(|handle, job| Box::pin(be_poisoned(handle, job)))
        }
        _ => return None,
    })
}

async fn in_two_steps(
    handle: &Arc<Handle>,
    job: WriteJob,
    split: fn(Writes) -> (Writes, Writes),
) -> Result<(), LogError> {
    let later = handle.commit_part(job, split).await?;
    if later.is_empty() {
        return Ok(());
    }
    give_way().await;
    handle.apply(later).await
}

fn first_entry(mut changes: Writes) -> (Writes, Writes) {
    if changes.append.len() < 2 {
        return (changes, Writes::default());
    }
    let append = changes.append.split_off(1);
    let rest = Writes {
        append,
        ..Writes::default()
    };
    (changes, rest)
}

/// First what has no time, then when.
fn half_a_row(changes: Writes) -> (Writes, Writes) {
    let Some(row) = changes.peer else {
        return (changes, Writes::default());
    };
    let mut half = row;
    half.acked_at_ms = 0;
    half.facts.registered_at_ms = 0;
    let first = Writes {
        peer: Some(half),
        ..changes.clone()
    };
    let second = Writes {
        peer: Some(row),
        ..Writes::default()
    };
    (first, second)
}

/// Of a batch, what lies above the head.
fn above_the_head(decision: &mut Decision<'_>) -> Writes {
    let head = decision.shown.state.head;
    let mut batch = whole_batch(decision);
    batch.append.retain(|stored| stored.entry.hlc > head.hlc);
    rechain(&mut batch, head);
    batch
}

async fn leave_a_trace(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let decided = handle.commit(job).await;
    if decided.is_err() {
        let raised = raise(&handle.read_state().await?);
        handle.apply(raised).await?;
    }
    decided
}

async fn spread_a_refusal(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    handle.memory().writing += 1;
    give_way().await;
    let decided = handle.commit(job).await;
    let memory = &mut *handle.memory();
    memory.writing -= 1;
    match decided {
        Err(refusal) => {
            memory.refusal = (memory.writing > 0).then(|| refusal.clone());
            Err(refusal)
        }
        Ok(()) => memory.refusal.take().map_or(Ok(()), Err),
    }
}

async fn chunk_in_two_steps(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let stored = handle.inner.read(entries(usize::MAX)).await?.entries;
    let split = move |changes: Writes| {
        let Some(last) = changes.prune_through else {
            return (changes, Writes::default());
        };
        let gone = stored.partition_point(|found| found.entry.hlc <= last);
        let half = Writes {
            prune_through: stored.get(gone / 2).map(|found| found.entry.hlc),
            ..Writes::default()
        };
        if gone < 2 {
            (changes, Writes::default())
        } else {
            (half, changes)
        }
    };
    let later = handle.commit_part(job, split).await?;
    give_way().await;
    handle.apply(later).await
}

/// Does something when it is dropped, unless the call was finished.
struct OnDrop<F: FnMut()> {
    finished: bool,
    dropped: F,
}

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if !self.finished {
            (self.dropped)();
        }
    }
}

async fn take_effect_later(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let late = handle.memory().late.take();
    let changes = handle.decide_apart(job).await?;
    let mut guard = OnDrop {
        finished: false,
        dropped: || handle.memory().late = Some(changes.clone()),
    };
    give_way().await;
    guard.finished = true;
    handle.apply(changes.clone()).await?;
    match late {
        Some(late) => handle.apply(late).await,
        None => Ok(()),
    }
}

async fn be_poisoned(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    if handle.memory().poisoned {
        return Err(StoreError::new(StoreFault::Io, "write after a dropped call").into());
    }
    let mut guard = OnDrop {
        finished: false,
        dropped: || handle.memory().poisoned = true,
    };
    give_way().await;
    guard.finished = true;
    handle.commit(job).await
}
