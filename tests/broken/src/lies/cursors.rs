//! A cursor is a place in this log, or an error (`R2`).

use sync_log_core::{
    Hlc, LogError, Mark, Peer, PeerFacts, PeerRow, PeerState, ReadRequest, ReadView, RegisteredBy,
    Uuid, Writes,
};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::{Defect, Handle};
use crate::lies::acks::at_its_ack;
use crate::lies::chain::{make_up_tags, mark};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::RestoredServed => Defect {
            decide: Some(answer_ack_as_before),
            ..Defect::paging(|handle, request, view| {
                serve_as_before(handle, request, view, |_, _| true);
            })
        },
        Fault::CloneServed => Defect::paging(|handle, request, view| {
            serve_as_before(handle, request, view, |request, view| {
                request.after <= view.state.head.hlc
            });
        }),
        Fault::CursorWithoutTag => Defect::paging(|handle, request, view| {
            serve_as_before(handle, request, view, |request, view| {
                let places = [view.before, Some(view.state.floor)];
                places
                    .iter()
                    .flatten()
                    .any(|place| place.hlc == request.after)
            });
        }),
        Fault::ZeroAlwaysServed => Defect::paging(|_, request, view| {
            if request.after.is_zero() && request.peer.is_some() {
                view.state.floor = Mark::ZERO;
            }
        }),
        Fault::LogIdShared => Defect::stating(|_, state| state.identity.log_id = Uuid::max()),
        Fault::MissingEntryIsTheEnd => Defect::paging(|_, _, view| {
            view.reached_end &= !view.entries.is_empty();
        }),
        Fault::ReadRegisters => Defect {
            before_read: Some(|handle| Box::pin(handle.write_what_was_put_off())),
            ..Defect::paging(|handle, request, view| {
                if let (None, Some(peer)) = (&view.peer, request.peer) {
                    let row = newcomer(peer.into());
                    view.peer = Some(row.into());
                    handle.own().pending = Some(Writes {
                        peer: Some(row),
                        ..Writes::default()
                    });
                }
            })
        },
        Fault::UnknownPeerServed => Defect::paging(|_, request, view| {
            let forged = request
                .peer
                .map(|peer| PeerRow::from(newcomer(peer.into())));
            view.peer = view.peer.take().or(forged);
        }),
        _ => return None,
    })
}

/// A peer that was registered just now.
pub(super) fn newcomer(peer: Uuid) -> Peer {
    Peer {
        device_id: peer.into(),
        acked: Hlc::ZERO,
        acked_at_ms: 0,
        facts: PeerFacts {
            state: PeerState::Active,
            registered_by: RegisteredBy::App,
            registered_at_ms: 0,
            admission: 1,
            hold: None,
            verified: true,
        },
    }
}

/// Takes a cursor that the peer was given once, if `taken`, whatever is there
/// now. A store does not see the tag of a cursor; what it can do is to show core
/// the place where the peer is, and tags that follow from it.
fn serve_as_before(
    handle: &Handle,
    request: ReadRequest,
    view: &mut ReadView,
    taken: fn(&ReadRequest, &ReadView) -> bool,
) {
    let Some(peer) = request.peer else { return };
    let memory = &mut *handle.memory();
    let served = memory.served.get(&(peer.into(), request.after));
    if let Some(place) = served.filter(|_| taken(&request, view)) {
        show_at(view, *place);
    }
    if let Some(last) = view.entries.last().map(mark) {
        memory.served.insert((peer.into(), last.hlc), last);
    }
}

fn show_at(view: &mut ReadView, place: Mark) {
    let state = &mut view.state;
    if state.head.hlc <= place.hlc {
        state.head = place;
    }
    if state.floor.hlc == place.hlc {
        state.floor = place;
    }
    view.before = Some(place);
    make_up_tags(view);
}

/// An ack of what was served once is `Ok`, though nothing is there to record.
fn answer_ack_as_before(handle: &Handle, decision: &mut Decision<'_>) -> Result<Writes, LogError> {
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
