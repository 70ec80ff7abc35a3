//! Whether the log can know the stamps that were received.

use hlc::Hlc;

use crate::error::LogError;
use crate::store::View;

/// Refuses a stamp of this device that no entry of this log can have (`H7`). At or below the floor,
/// the entry may have been pruned. At or below the settled stamp, it may be of an earlier log.
pub(crate) fn refuse_unknown(own: &[Hlc], view: &View<'_>) -> Result<(), LogError> {
    let known = view.state.floor.hlc.max(view.state.settled);
    let is_retained = |hlc: &Hlc| view.marks.iter().any(|mark| mark.hlc == *hlc);
    let unknown = own.iter().filter(|hlc| **hlc > known && !is_retained(hlc));
    match unknown.max() {
        Some(hlc) => Err(LogError::UnknownOwnStamp { hlc: *hlc }),
        None => Ok(()),
    }
}
