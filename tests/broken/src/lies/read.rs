//! Reading: `R1`, `R2`.

use sync_log_core::{Changes, LogError, ReadRequest, ReadView, SharedChangeEntry, Tag};

use crate::decision::{Decision, Kind};
use crate::defect::Defect;
use crate::fault::Fault;
use crate::handle::Handle;
use crate::lies::peers::at_its_ack;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let right = Defect::default();
    Some(match fault {
        Fault::RestoredServed => Defect {
            page: Some(|handle, request, view| {
                serve_as_before(handle, request, view, |_, _| true);
            }),
            decide: Some(answer_ack_as_before),
            ..right
        },
        Fault::CloneServed => Defect {
            page: Some(|handle, request, view| {
                serve_as_before(handle, request, view, |request, view| {
                    request.after <= view.state.head
                });
            }),
            ..right
        },
        Fault::CursorWithoutTag => Defect {
            page: Some(|handle, request, view| {
                serve_as_before(handle, request, view, |request, view| {
                    view.at.is_some() || view.state.floor.hlc == request.after
                });
            }),
            ..right
        },
        _ => return None,
    })
}

/// Takes a cursor that the peer was given once, if `taken`, whatever is there
/// now. A store does not see the tag of a cursor; what it can do is to show core
/// the entry that the peer has.
fn serve_as_before(
    handle: &Handle,
    request: ReadRequest,
    view: &mut ReadView,
    taken: fn(&ReadRequest, &ReadView) -> bool,
) {
    let Some(peer) = request.peer else { return };
    let memory = &mut *handle.memory();
    let served = memory.served.get(&(peer, request.after));
    if let Some(entry) = served.filter(|_| taken(&request, view)) {
        show_at(view, entry.clone());
    }
    if let Some(last) = view.entries.last() {
        memory.served.insert((peer, last.hlc), last.clone());
    }
}

fn show_at(view: &mut ReadView, entry: SharedChangeEntry) {
    let state = &mut view.state;
    state.head = state.head.max(entry.hlc);
    if state.floor.hlc == entry.hlc {
        state.floor.tag = Tag::of(&entry);
    }
    view.at = Some(entry);
}

/// An ack of what was served once is `Ok`, though nothing is there to record.
fn answer_ack_as_before(handle: &Handle, decision: &mut Decision<'_>) -> Result<Changes, LogError> {
    let decided = decision.take();
    let Kind::Ack(peer, hlc) = decision.kind else {
        return decided;
    };
    let refused = matches!(
        decided,
        Err(LogError::AckBeyondHead { .. } | LogError::UnknownStamp { .. })
    );
    if refused && handle.memory().served.contains_key(&(peer, hlc)) {
        return decision.take_showing(|shown| at_its_ack(shown, hlc));
    }
    decided
}
