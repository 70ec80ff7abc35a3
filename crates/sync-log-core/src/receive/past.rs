//! How far every origin was applied.

use hlc::Hlc;

use super::port::ReceiverStore;
use crate::error::StoreError;
use crate::model::DeviceId;

/// The stamp up to which every origin was applied. No entry at or below it can arrive.
pub(super) async fn past(
    store: &mut impl ReceiverStore,
    origins: &[DeviceId],
) -> Result<Hlc, StoreError> {
    let mut past = None;
    for origin in origins {
        let reached = store.watermark(*origin).await?.hlc();
        past = Some(past.map_or(reached, |past: Hlc| past.min(reached)));
    }
    Ok(past.unwrap_or(Hlc::ZERO))
}
