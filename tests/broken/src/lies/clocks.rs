//! A wall clock that was wrong (`H5`, `H9`).

use sync_log_core::{DriftExceeded, LogError, ObserveError, StoredEntry, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::Defect;

/// What a log refuses by default.
const LIMIT_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::OwnStampJudgedByDrift => Defect::deciding(|_, decision| {
            let issued = decision.shown.state.high_water;
            let changes = decision.take()?;
            let given_out = changes
                .append
                .iter()
                .filter(|stored| stored.entry.hlc <= issued);
            match given_out.filter_map(drift).next() {
                Some(exceeded) => Err(LogError::Clock(ObserveError::TooFarAhead(exceeded))),
                None => Ok(changes),
            }
        }),
        Fault::ClockAheadByHeadAlone => {
            Defect::surveying(|_, survey| survey.state.high_water = survey.state.head.hlc)
        }
        Fault::NewestNotShown => Defect::surveying(|_, survey| {
            for extent in &mut survey.extents {
                if extent.entries == 1 {
                    extent.oldest_created_at_ms = None;
                }
            }
        }),
        Fault::DatedAfterNowKept => Defect {
            survey: Some(|_, survey| {
                for extent in &mut survey.extents {
                    extent.earliest_created_at_ms = None;
                }
            }),
            ..Defect::deciding(|_, decision| match decision.kind {
                Kind::Prune => show_ascending_times(decision),
                _ => decision.take(),
            })
        },
        _ => return None,
    })
}

/// How far the stamp is ahead of the time at which it is written, if that is too far.
fn drift(stored: &StoredEntry) -> Option<DriftExceeded> {
    let remote = stored.entry.hlc;
    let now_ms = stored.created_at_ms;
    let wall_ms = u64::try_from(now_ms).unwrap_or_default();
    let ahead_by_ms = remote.timestamp.saturating_sub(wall_ms);
    (ahead_by_ms > LIMIT_MS).then_some(DriftExceeded {
        device: remote.device_id,
        remote,
        now_ms,
        ahead_by_ms,
        limit_ms: LIMIT_MS,
    })
}

/// Lets core decide on times that never go back: each entry is dated no earlier than the one before.
fn show_ascending_times(decision: &mut Decision<'_>) -> Result<Writes, LogError> {
    decision.take_showing(|shown| {
        let mut latest_ms = i64::MIN;
        for entry in &mut shown.oldest {
            latest_ms = latest_ms.max(entry.created_at_ms);
            entry.created_at_ms = latest_ms;
        }
    })
}
