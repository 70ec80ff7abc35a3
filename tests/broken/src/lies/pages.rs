//! A page is ascending, after the cursor, bounded, and of one state (`R1`).

use sync_log_core::{FoundEntry, Hlc, MAX_PAGE_BYTES, ReadRequest};

use crate::fault::Fault;
use crate::handle::{Defect, Handle, Waiting, give_way};
use crate::lies::chain::make_up_tags;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let of_two_moments = Defect {
        before_read: Some(look_before),
        ..Defect::default()
    };
    Some(match fault {
        Fault::CursorIsInclusive => Defect::asking(|request| {
            if request.max_entries > 0 {
                request.after = just_below(request.after);
            }
        }),
        Fault::NewestFirst => Defect::paging(|_, _, view| view.entries.reverse()),
        Fault::PageOneShort => Defect::paging(|_, request, view| {
            if view.entries.len() == request.max_entries && request.max_entries > 1 {
                view.entries.pop();
                view.reached_end = false;
            }
        }),
        Fault::CountIgnored => Defect::asking(|request| {
            if request.max_entries > 0 {
                request.max_entries = usize::MAX;
            }
        }),
        Fault::BytesIgnored => Defect::asking(|request| request.max_bytes = usize::MAX),
        Fault::SkipsToFit => Defect {
            page: Some(|_, request, view| {
                view.entries = those_that_fit(request, &view.entries);
                make_up_tags(view);
            }),
            ..Defect::asking(|request| request.max_bytes = usize::MAX)
        },
        Fault::LargeEntryNotServed => Defect::paging(|_, request, view| {
            let first = view.entries.first();
            if first.is_some_and(|found| found.entry.content_bytes() > request.max_bytes) {
                view.entries.clear();
                view.reached_end = false;
            }
        }),
        Fault::OwnerBoundedByBytes => {
            Defect::asking(|request| request.max_bytes = request.max_bytes.min(MAX_PAGE_BYTES))
        }
        Fault::PageOfTwoMoments => Defect {
            page: Some(|handle, _, view| {
                view.state = handle.own().state.unwrap_or(view.state);
            }),
            ..of_two_moments
        },
        Fault::SurveyOfTwoMoments => Defect {
            survey: Some(|handle, survey| {
                survey.state = handle.own().state.unwrap_or(survey.state);
            }),
            ..of_two_moments
        },
        _ => return None,
    })
}

/// Those of `entries`, from the first on, that fit together.
fn those_that_fit(request: ReadRequest, entries: &[FoundEntry]) -> Vec<FoundEntry> {
    let mut bytes = 0usize;
    let mut fitting = Vec::new();
    for found in entries {
        let with_it = bytes + found.entry.content_bytes();
        if fitting.is_empty() || with_it <= request.max_bytes {
            bytes = with_it;
            fitting.push(found.clone());
        }
    }
    fitting
}

/// The stamp right below `hlc`, if there is one.
fn just_below(hlc: Hlc) -> Hlc {
    match (hlc.counter.checked_sub(1), hlc.timestamp.checked_sub(1)) {
        (Some(counter), _) => Hlc { counter, ..hlc },
        (None, Some(timestamp)) => Hlc::new(timestamp, u64::MAX, hlc.device_id),
        (None, None) => hlc,
    }
}

fn look_before(handle: &std::sync::Arc<Handle>) -> Waiting<'_, ()> {
    Box::pin(async move {
        let state = handle.read_state().await.ok();
        handle.own().state = state;
        give_way().await;
    })
}
