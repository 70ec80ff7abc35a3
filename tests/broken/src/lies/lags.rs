//! Why the log is not shrinking (`P7`).

use sync_log_core::RegisteredBy;

use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::acks::{facts_mut, forget_holds};
use crate::lies::marks::raise;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::LagCountsTheAcked => Defect::surveying(|_, survey| {
            for extent in survey.extents.iter_mut().skip(1) {
                extent.entries += 1;
            }
        }),
        Fault::LagWithoutModelType => Defect::surveying(|_, survey| {
            for extent in &mut survey.extents {
                extent.bytes = extent.bytes.saturating_sub(extent.entries);
            }
        }),
        Fault::LagOfOldest => Defect::surveying(|_, survey| {
            let oldest = survey
                .extents
                .first()
                .and_then(|all| all.oldest_created_at_ms);
            for extent in &mut survey.extents {
                extent.oldest_created_at_ms = oldest;
            }
        }),
        Fault::LagsSwapped => Defect::surveying(|_, survey| survey.extents.reverse()),
        Fault::RewindNotShown => Defect::surveying(|_, survey| forget_holds(&mut survey.peers)),
        Fault::RegisteredByNotShown => Defect::surveying(|_, survey| {
            for facts in survey.peers.iter_mut().filter_map(facts_mut) {
                facts.registered_by = RegisteredBy::App;
            }
        }),
        Fault::NobodyNamed => Defect::surveying(|_, survey| survey.peers.clear()),
        Fault::ExplainWrites => Defect {
            before_read: Some(|handle| Box::pin(handle.write_what_was_put_off())),
            ..Defect::surveying(|handle, survey| {
                // Whoever lists peers or counts entries asks for less.
                let is_explaining = survey.extents.len() > 1;
                handle.own().pending = is_explaining.then(|| raise(&survey.state));
            })
        },
        _ => return None,
    })
}
