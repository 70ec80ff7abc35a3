//! What was `Ok` is there (`A3`).

use std::sync::Arc;

use sync_log_core::{Hlc, LogError, StoreError, WriteJob};

use crate::fault::Fault;
use crate::handle::{Defect, Handle, give_way};
use crate::lies::acks::set_acked;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let behind = Defect {
        write: Some(|handle, job| Box::pin(answer_before_commit(handle, job))),
        before_read: Some(|handle| {
            Box::pin(async move {
                // Who reads is told by the read itself if this fails.
                let _ = flush(handle).await;
            })
        }),
        ..Defect::default()
    };
    Some(match fault {
        Fault::OkBeforeCommit => Defect {
            close: Some(|handle| {
                Box::pin(async move {
                    // A refusal was answered long ago.
                    let _ = flush(handle).await;
                    handle.close().await
                })
            }),
            ..behind
        },
        Fault::LastWriteLostAtClose => behind,
        Fault::CloseForgetsInFlight => {
            Defect::writing(|handle, job| Box::pin(forget_if_closed(handle, job)))
        }
        Fault::AcksForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_rows(handle))),
            rows: Some(|handle, _, rows| {
                let lost = &handle.memory().lost_rows;
                for row in rows.iter_mut().filter(|row| lost.contains(row)) {
                    set_acked(row, Hlc::ZERO);
                }
            }),
            ..Defect::default()
        },
        _ => return None,
    })
}

async fn answer_before_commit(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    flush(handle).await?;
    let changes = handle.decide_apart(job).await?;
    handle.own().pending = Some(changes);
    Ok(())
}

async fn flush(handle: &Arc<Handle>) -> Result<(), LogError> {
    let pending = handle.own().pending.take();
    match pending {
        Some(changes) => handle.apply(changes).await,
        None => Ok(()),
    }
}

async fn forget_if_closed(handle: &Arc<Handle>, job: WriteJob) -> Result<(), LogError> {
    let changes = handle.decide_apart(job).await?;
    give_way().await;
    match handle.apply(changes).await {
        Err(LogError::Store(error)) if is_closed(&error) => Ok(()),
        other => other,
    }
}

fn is_closed(error: &StoreError) -> bool {
    error.fault() == sync_log_core::StoreFault::Closed
}

/// After a restart: the rows as they are now are those that are lost.
pub(super) async fn remember_rows(handle: &Arc<Handle>) {
    if !handle.own().after_restart {
        return;
    }
    if let Ok(survey) = handle.inner.survey(|_, _| Vec::new()).await {
        let memory = &mut *handle.memory();
        memory.lost_solo = survey.state.solo;
        memory.floor = Some(survey.state.floor);
        memory.lost_rows = survey.peers;
    }
}
