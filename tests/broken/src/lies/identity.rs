//! Whose log it is (`I1`), and what a handle is.

use std::sync::Weak;

use sync_log_core::{StoreError, StoreFault, Uuid};

use crate::fault::Fault;
use crate::handle::Defect;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::BoundToNobody => Defect::stating(|handle, state| {
            if let Some((library_id, device_id)) = handle.memory().asked {
                state.identity.library_id = library_id.into();
                state.identity.device_id = device_id.into();
            }
        }),
        Fault::LogIdRemade => Defect::stating(|handle, state| {
            let opened = u128::from(handle.memory().opened);
            let log_id = state.identity.log_id.as_u128() ^ (opened << 64);
            state.identity.log_id = Uuid::from_u128(log_id);
        }),
        Fault::CloseDoesNothing => Defect::closing(|_| Box::pin(async { Ok(()) })),
        Fault::CloseClosesAll => Defect::closing(|handle| {
            Box::pin(async move {
                let inners = handle.memory().inners.clone();
                for inner in inners.iter().filter_map(Weak::upgrade) {
                    inner.close().await?;
                }
                handle.close().await
            })
        }),
        Fault::ClosingAgainFails => Defect::closing(|handle| {
            Box::pin(async move {
                if std::mem::replace(&mut handle.own().closed, true) {
                    return Err(StoreError::new(StoreFault::Closed, "close"));
                }
                handle.close().await
            })
        }),
        _ => return None,
    })
}
