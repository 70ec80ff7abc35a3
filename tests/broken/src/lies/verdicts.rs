//! Signs that a file was restored or cloned, and the stamps that a log knows as its own (`H7`,
//! `R2`).

use std::sync::Arc;

use sync_log_core::{Hlc, LogState, Mark, Tag};

use crate::decision::Kind;
use crate::fault::Fault;
use crate::handle::{Defect, Handle};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    kept(fault).or_else(|| known(fault))
}

fn kept(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::VerdictNotStored => Defect::amending(|_, changes| {
            changes.verdict = None;
        }),
        Fault::VerdictForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_verdicts(handle))),
            ..Defect::surveying(|handle, survey| {
                let lost = &handle.memory().lost_verdicts;
                survey.verdicts.retain(|verdict| !lost.contains(verdict));
            })
        },
        Fault::DismissedVerdictStays => Defect::amending(|_, changes| {
            changes.dismiss_verdicts.clear();
        }),
        Fault::UnseenVerdictDismissed => Defect::deciding(|handle, decision| {
            let mut changes = decision.take()?;
            let stored = &mut handle.memory().stored_verdicts;
            stored.extend(changes.verdict);
            if !changes.dismiss_verdicts.is_empty() {
                changes.dismiss_verdicts.append(stored);
            }
            Ok(changes)
        }),
        _ => return None,
    })
}

fn known(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::BornWithZeroFloor => Defect::stating(|_, state| begin_at_zero(state)),
        Fault::SettledIgnored => Defect::misleading(|decision| {
            decision.shown.state.settled = Hlc::ZERO;
        }),
        Fault::SettledForgotten => Defect::stating(|handle, state| {
            if handle.memory().opened > 1 {
                state.settled = Hlc::ZERO;
            }
        }),
        Fault::OwnStampsAllKnown => Defect::misleading(|decision| {
            if decision.kind == Kind::Echo {
                let asked = decision.asked.iter();
                let made_up = asked.map(|hlc| Mark {
                    hlc: *hlc,
                    tag: Tag::ZERO,
                });
                decision.shown.marks = made_up.collect();
            }
        }),
        Fault::OwnStampNotLookedUp => Defect::misleading(|decision| {
            if decision.kind == Kind::Echo {
                decision.shown.marks.clear();
            }
        }),
        _ => return None,
    })
}

/// After a restart: the signs that are there now are those that are lost.
async fn remember_verdicts(handle: &Arc<Handle>) {
    if !handle.own().after_restart {
        return;
    }
    if let Ok(survey) = handle.inner.survey(|_, _| Vec::new()).await {
        handle.memory().lost_verdicts = survey.verdicts;
    }
}

/// Head and floor of a log that has nothing yet, as if it was made beside no records.
fn begin_at_zero(state: &mut LogState) {
    let begin = Mark {
        hlc: state.settled,
        tag: Tag::ZERO,
    };
    for end in [&mut state.head, &mut state.floor] {
        if *end == begin {
            *end = Mark::ZERO;
        }
    }
}
