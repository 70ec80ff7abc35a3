//! Who counts: registered (`K1`, `K4`), named by the transport (`K5`), retired
//! (`K6`).

use sync_log_core::{LogError, Peer, PeerRow, PeerState, RegisteredBy, Uuid, Writes};

use crate::decision::{Decision, Kind};
use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::acks::{acked, facts, facts_mut, reinstate};
use crate::lies::cursors::newcomer;
use crate::lies::durable::remember_rows;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    registered(fault)
        .or_else(|| unknown(fault))
        .or_else(|| retired(fault))
        .or_else(|| admitted(fault))
}

fn registered(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::NeverAckedNotCounted => Defect::misleading(|decision| {
            if decision.kind == Kind::Prune {
                decision.shown.peers.retain(|row| !acked(row).is_zero());
            }
        }),
        Fault::RegisteredAtHead => Defect::amending(|decision, changes| {
            if let Some(row) = changes.peer.as_mut().filter(|_| is_registration(decision)) {
                row.acked = decision.shown.state.head.hlc;
            }
        }),
        Fault::RegistrationNotStored => Defect::amending(|decision, changes| {
            changes.peer = changes.peer.filter(|_| !is_registration(decision));
        }),
        Fault::RegisteringAgainResets => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            if !matches!(decision.kind, Kind::Peer(_)) || !changes.is_empty() {
                return Ok(changes);
            }
            let as_new = decision.take_showing(|shown| shown.peers.clear());
            Ok(as_new.unwrap_or(changes))
        }),
        Fault::OwnPeerRegistered => Defect::misleading(|decision| {
            let own = decision.shown.state.identity.device_id;
            if decision.kind == Kind::Peer(own.into()) {
                decision.shown.state.identity.device_id = Uuid::max().into();
            }
        }),
        Fault::PeersUnordered => Defect::surveying(|_, survey| survey.peers.reverse()),
        _ => return None,
    })
}

fn unknown(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::UnknownAckPrunes => Defect::amending(|decision, changes| {
            if let (Kind::Ack(..), Some(row)) = (decision.kind, changes.peer)
                && decision.shown.peers.is_empty()
            {
                let entries = decision.all_entries.iter().map(|entry| entry.hlc);
                changes.prune_through = entries.take_while(|hlc| *hlc <= row.acked).last();
            }
        }),
        Fault::UnknownAckTaken => Defect::overruling(|decision, why| match (decision.kind, why) {
            (Kind::Ack(peer, _), LogError::UnknownPeer { .. }) => {
                let row = PeerRow::from(newcomer(peer));
                Some(decision.take_showing(|shown| shown.peers.push(row)))
            }
            _ => None,
        }),
        Fault::RefusedAckRegisters => Defect {
            write: Some(|handle, job| {
                Box::pin(async move {
                    let state = handle.state(handle.read_state().await?);
                    let kind = Kind::of(&job.needs(&state));
                    let decided = handle.commit(job).await;
                    if let (Kind::Ack(peer, _), Err(_)) = (kind, &decided) {
                        let registered = Writes {
                            peer: Some(newcomer(peer)),
                            ..Writes::default()
                        };
                        handle.apply(registered).await?;
                    }
                    decided
                })
            }),
            ..Defect::default()
        },
        Fault::AckRegistersAsApp => Defect::amending(|_, changes| {
            if let Some(row) = &mut changes.peer {
                row.facts.registered_by = RegisteredBy::App;
            }
        }),
        Fault::AckMovesAnother => Defect::amending(|decision, changes| {
            let Kind::Ack(peer, _) = decision.kind else {
                return;
            };
            let rows = decision.all_peers.iter();
            let known = rows.filter_map(|row| row.judge(&decision.shown.state).ok());
            let other = known.map(|row| row.device_id).find(|other| *other != peer);
            if let (Some(row), Some(other)) = (&mut changes.peer, other) {
                row.device_id = other;
            }
        }),
        _ => return None,
    })
}

fn retired(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::RetiredMayRead => Defect::paging(|_, _, view| {
            reinstate(view.peer.as_mut_slice());
        }),
        Fault::RetiredMayAck => Defect::misleading(|decision| {
            if matches!(decision.kind, Kind::Ack(..)) {
                reinstate(&mut decision.shown.peers);
            }
        }),
        Fault::RetiredMayRegister => Defect::overruling(|decision, why| match why {
            LogError::PeerRetired { .. } if matches!(decision.kind, Kind::Peer(_)) => {
                let as_new = decision.take_showing(|shown| shown.peers.clear());
                as_new.is_ok().then_some(as_new)
            }
            _ => None,
        }),
        Fault::RetirementForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_rows(handle))),
            rows: Some(|handle, _, rows| {
                let lost = &handle.memory().lost_rows;
                for row in rows.iter_mut().filter(|row| lost.contains(row)) {
                    reinstate(std::slice::from_mut(row));
                }
            }),
            ..Defect::default()
        },
        Fault::RetirementMoves => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            if !matches!(decision.kind, Kind::Peer(_)) || !is_retired(&decision.shown.peers) {
                return Ok(changes);
            }
            decision.take_showing(|shown| reinstate(&mut shown.peers))
        }),
        Fault::UnknownRetired => Defect::overruling(|decision, why| match (decision.kind, why) {
            (Kind::Peer(peer), LogError::UnknownPeer { .. }) => {
                let row = PeerRow::from(newcomer(peer));
                Some(decision.take_showing(|shown| shown.peers.push(row)))
            }
            _ => None,
        }),
        _ => return None,
    })
}

fn admitted(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::RetiringDeletes => Defect::amending(|decision, changes| {
            if changes.peer.is_some_and(|row| !row.is_active()) {
                changes.prune_through = decision.all_entries.last().map(|entry| entry.hlc);
            }
        }),
        Fault::OldAdmissionTaken => Defect::overruling(|decision, why| match *why {
            LogError::OtherAdmission { given, .. } => Some(decision.take_showing(|shown| {
                for facts in shown.peers.iter_mut().filter_map(facts_mut) {
                    facts.admission = given;
                }
            })),
            _ => None,
        }),
        Fault::AdmissionNotCounted => Defect::amending(|decision, changes| {
            if let (Some(row), Some(before)) = (&mut changes.peer, admission(decision)) {
                row.facts.admission = before.facts.admission;
            }
        }),
        Fault::AdmittedKeepsItsAck => Defect::amending(|decision, changes| {
            if let (Some(row), Some(before)) = (&mut changes.peer, admission(decision)) {
                row.acked = before.acked;
            }
        }),
        Fault::AdmissionKeepsSolo => Defect::amending(|decision, changes| {
            if admission(decision).is_some() {
                changes.solo = None;
            }
        }),
        _ => return None,
    })
}

/// The peer as it was before it was admitted again, if that is what is decided.
fn admission(decision: &Decision<'_>) -> Option<Peer> {
    let row = decision.shown.peers.first()?;
    let before = row.judge(&decision.shown.state).ok()?;
    (matches!(decision.kind, Kind::Peer(_)) && !before.is_active()).then_some(before)
}

/// Whether a row that was decided on is that of a new peer.
fn is_registration(decision: &Decision<'_>) -> bool {
    matches!(decision.kind, Kind::Peer(_)) && decision.shown.peers.is_empty()
}

fn is_retired(rows: &[PeerRow]) -> bool {
    let facts = rows.iter().filter_map(facts);
    facts
        .map(|facts| facts.state)
        .any(|state| matches!(state, PeerState::Retired { .. }))
}
