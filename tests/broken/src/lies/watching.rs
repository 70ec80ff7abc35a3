//! A watch tells that the head moved (`R3`).

use std::future::pending;

use sync_log_core::StoreFault;

use crate::fault::Fault;
use crate::handle::{Defect, Handle, give_way};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::WatchSleepsThroughCommits => Defect::watching(|handle, place| {
            Box::pin(async move {
                let head = handle.read_state().await?.head.hlc;
                handle.inner.head_above(place.max(head)).await
            })
        }),
        Fault::WatchRepeatsItself => Defect::watching(|handle, place| {
            Box::pin(async move {
                let head = handle.read_state().await?.head.hlc;
                if !place.is_zero() {
                    return Ok(head);
                }
                handle.inner.head_above(place).await
            })
        }),
        Fault::WatchSurvivesClose => Defect::watching(|handle, place| {
            Box::pin(async move {
                match handle.inner.head_above(place).await {
                    Err(error) if error.fault() == StoreFault::Closed => pending().await,
                    told => told,
                }
            })
        }),
        Fault::WatchHoldsTheClose => Defect {
            head_above: Some(|handle, place| {
                Box::pin(async move {
                    let _turn = Turn::of(handle);
                    handle.inner.head_above(place).await
                })
            }),
            close: Some(|handle| {
                Box::pin(async move {
                    while handle.memory().watching > 0 {
                        give_way().await;
                    }
                    handle.close().await
                })
            }),
            ..Defect::default()
        },
        _ => return None,
    })
}

/// Held as long as a watch waits.
struct Turn<'a>(&'a Handle);

impl<'a> Turn<'a> {
    fn of(handle: &'a Handle) -> Self {
        handle.memory().watching += 1;
        Self(handle)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.memory().watching -= 1;
    }
}
