//! A watch tells that the head moved (`R3`).

use std::future::pending;

use sync_log_core::StoreErrorKind;

use crate::defect::Defect;
use crate::fault::Fault;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::WatchSleepsThroughCommits => Defect::watching(|handle, place| {
            Box::pin(async move {
                let head = handle.read_state().await?.head;
                handle.inner.head_above(place.max(head)).await
            })
        }),
        Fault::WatchRepeatsItself => Defect::watching(|handle, place| {
            Box::pin(async move {
                let head = handle.read_state().await?.head;
                if !place.is_zero() {
                    return Ok(head);
                }
                handle.inner.head_above(place).await
            })
        }),
        Fault::WatchSurvivesClose => Defect::watching(|handle, place| {
            Box::pin(async move {
                match handle.inner.head_above(place).await {
                    Err(error) if error.kind() == StoreErrorKind::Closed => pending().await,
                    told => told,
                }
            })
        }),
        _ => return None,
    })
}
