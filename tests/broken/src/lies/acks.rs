//! Acks never go back (`K2`), and name an entry of this log (`K3`).

use sync_log_core::{Hlc, LogError, OwnRow, PeerFacts, PeerRow, PeerState, Writes};

use crate::decision::{Decision, Kind, Shown};
use crate::fault::Fault;
use crate::handle::Defect;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let defects = [rewinds, holds, places];
    defects.iter().find_map(|of| of(fault))
}

fn rewinds(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::AckGoesBack => Defect::misleading(|decision| {
            if let Kind::Ack(_, hlc) = decision.kind {
                let further = decision
                    .shown
                    .peers
                    .iter_mut()
                    .filter(|row| hlc < acked(row));
                further.for_each(|row| set_acked(row, Hlc::ZERO));
            }
        }),
        Fault::RewindNotSeen => Defect::paging(|_, request, view| {
            for row in view
                .peer
                .iter_mut()
                .filter(|row| request.after < acked(row))
            {
                set_acked(row, request.after);
            }
        }),
        Fault::HoldAfterPage => Defect {
            before_read: Some(|handle| Box::pin(handle.write_what_was_put_off())),
            ..Defect::paging(|handle, request, view| {
                let row = view.peer.as_ref().filter(|row| request.after < acked(row));
                let Some(Ok(mut peer)) = row.map(|row| row.judge(&view.state)) else {
                    return;
                };
                peer.facts.hold = Some(request.after);
                handle.own().pending = Some(Writes {
                    peer: Some(peer),
                    ..Writes::default()
                });
                peer.acked = request.after;
                view.peer = Some(peer.into());
            })
        },
        _ => return None,
    })
}

fn holds(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::HoldNotStored => Defect::amending(|_, changes| {
            if let Some(row) = &mut changes.peer {
                row.facts.hold = None;
            }
        }),
        Fault::HoldMovesUp => Defect::misleading(|decision| {
            if matches!(decision.kind, Kind::Peer(_)) {
                forget_holds(&mut decision.shown.peers);
            }
        }),
        Fault::StaleAckLiftsHold => Defect::amending(|decision, changes| {
            if let (Kind::Ack(_, hlc), Some(row)) = (decision.kind, decision.shown.peers.first())
                && hlc < acked(row)
                && let Ok(mut peer) = row.judge(&decision.shown.state)
            {
                peer.facts.hold = None;
                changes.peer = Some(peer);
            }
        }),
        Fault::HoldNeverLifted => Defect::amending(|decision, changes| {
            let held = decision.shown.peers.first().and_then(facts);
            if let (Kind::Ack(..), Some(row), Some(held)) = (decision.kind, &mut changes.peer, held)
            {
                row.facts.hold = held.hold;
            }
        }),
        Fault::HoldNotCounted => Defect::misleading(|decision| {
            if decision.kind == Kind::Prune {
                forget_holds(&mut decision.shown.peers);
            }
        }),
        _ => return None,
    })
}

fn places(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::AckBeyondHeadTaken => Defect::overruling(|decision, why| match *why {
            LogError::AckBeyondHead { hlc, .. } => take_ack(decision, hlc, hlc),
            _ => None,
        }),
        Fault::UnknownStampTaken => Defect::overruling(|decision, why| match *why {
            LogError::UnknownStamp { hlc, .. } => take_ack(decision, hlc, hlc),
            _ => None,
        }),
        Fault::AckRounded => Defect::overruling(|decision, why| match *why {
            LogError::UnknownStamp { hlc, .. } => {
                let entries = decision.all_entries.iter();
                let below = entries.take_while(|entry| entry.hlc < hlc).last()?.hlc;
                take_ack(decision, hlc, below)
            }
            _ => None,
        }),
        Fault::AckWithoutTag => Defect::overruling(|decision, why| match *why {
            LogError::UnknownStamp { hlc, .. }
                if decision.shown.state.floor.hlc == hlc || !decision.shown.marks.is_empty() =>
            {
                take_ack(decision, hlc, hlc)
            }
            _ => None,
        }),
        Fault::FloorNotAckable => Defect::misleading(|decision| {
            if matches!(decision.kind, Kind::Ack(..)) {
                decision.shown.state.floor = sync_log_core::Mark::ZERO;
            }
        }),
        Fault::ForeignAckTaken => Defect::overruling(|decision, why| match (decision.kind, why) {
            (Kind::Ack(_, hlc), LogError::ForeignOrigin { .. }) => {
                decision.shown.state.identity.device_id = hlc.device_id.into();
                take_ack(decision, hlc, hlc)
            }
            _ => None,
        }),
        Fault::RetirementCheckedLast => Defect::deciding(|_, decision| {
            if matches!(decision.kind, Kind::Ack(..)) {
                decision.take_showing(|shown| reinstate(&mut shown.peers))?;
            }
            decision.take()
        }),
        Fault::StaleLookedUp => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            if let (Kind::Ack(peer, hlc), Some(row)) = (decision.kind, decision.shown.peers.first())
                && hlc < acked(row)
                && decision.shown.marks.is_empty()
            {
                return Err(LogError::UnknownStamp {
                    peer: peer.into(),
                    hlc,
                });
            }
            Ok(changes)
        }),
        _ => return None,
    })
}

/// What the own row says; zero if it says nothing.
pub(super) fn acked(row: &PeerRow) -> Hlc {
    match row.own {
        Some(OwnRow::Known { acked, .. }) => acked,
        _ => Hlc::ZERO,
    }
}

/// Shows a peer that acknowledged `hlc`, in both rows.
pub(super) fn set_acked(row: &mut PeerRow, hlc: Hlc) {
    if let Some(OwnRow::Known { acked, .. }) = &mut row.own {
        *acked = hlc;
        row.mirror = Some(hlc.to_string());
    }
}

pub(super) fn facts(row: &PeerRow) -> Option<PeerFacts> {
    match row.own {
        Some(OwnRow::Known { facts, .. }) => Some(facts),
        _ => None,
    }
}

pub(super) fn facts_mut(row: &mut PeerRow) -> Option<&mut PeerFacts> {
    match &mut row.own {
        Some(OwnRow::Known { facts, .. }) => Some(facts),
        _ => None,
    }
}

/// Shows every peer as active.
pub(super) fn reinstate(rows: &mut [PeerRow]) {
    for facts in rows.iter_mut().filter_map(facts_mut) {
        facts.state = PeerState::Active;
    }
}

/// Shows no peer as rewound.
pub(super) fn forget_holds(rows: &mut [PeerRow]) {
    for facts in rows.iter_mut().filter_map(facts_mut) {
        facts.hold = None;
    }
}

/// Shows a peer that is at `hlc` already, so that core does not look it up.
pub(super) fn at_its_ack(shown: &mut Shown, hlc: Hlc) {
    shown.state.head.hlc = shown.state.head.hlc.max(hlc);
    for row in &mut shown.peers {
        set_acked(row, hlc);
    }
}

/// Takes an ack that core refused, and records `recorded`; `None` if the peer
/// has no row.
fn take_ack(
    decision: &mut Decision<'_>,
    hlc: Hlc,
    recorded: Hlc,
) -> Option<Result<Writes, LogError>> {
    let mut shown = decision.shown.clone();
    at_its_ack(&mut shown, hlc);
    let mut peer = shown.peers.first()?.judge(&shown.state).ok()?;
    peer.acked = recorded;
    let answered = decision.take_showing(|view| *view = shown);
    Some(answered.map(|changes| Writes {
        peer: Some(peer),
        ..changes
    }))
}
