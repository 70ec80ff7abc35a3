//! No peers, nothing goes, unless that was declared (`P2`); and what a policy
//! keeps (`P6`).

use sync_log_core::{PRUNE_CHUNK_ENTRIES, PeerRow, PeerState};

use crate::decision::Kind;
use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::acks::facts;
use crate::lies::durable::remember_rows;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    solo(fault).or_else(|| policy(fault))
}

fn solo(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::NoPeersIsSolo => Defect::deciding(|_, decision| {
            if decision.kind == Kind::Prune && decision.shown.peers.is_empty() {
                decision.shown.state.solo = true;
            }
            decision.take()
        }),
        Fault::RetiredIsSolo => Defect::deciding(|_, decision| {
            let rows = &decision.shown.peers;
            if decision.kind == Kind::Prune && !rows.is_empty() && rows.iter().all(is_retired) {
                decision.shown.state.solo = true;
            }
            decision.take()
        }),
        Fault::SoloNotStored => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            changes.solo = changes.solo.filter(|solo| !solo);
            Ok(changes)
        }),
        Fault::SoloForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_rows(handle))),
            ..Defect::stating(|handle, state| state.solo &= !handle.memory().lost_solo)
        },
        Fault::SoloNeverEnds => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            changes.solo = changes.solo.filter(|solo| *solo);
            Ok(changes)
        }),
        Fault::AckKeepsSolo => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            if matches!(decision.kind, Kind::Ack(..)) {
                changes.solo = None;
            }
            Ok(changes)
        }),
        Fault::SoloDespitePeers => Defect::deciding(|_, decision| {
            if decision.kind == Kind::Solo {
                decision.shown.peers.clear();
            }
            decision.take()
        }),
        _ => return None,
    })
}

fn policy(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::AgesIgnored => Defect::deciding(|_, decision| {
            for entry in &mut decision.shown.oldest {
                entry.created_at_ms = i64::MIN;
            }
            decision.take()
        }),
        Fault::AgesInSeconds => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            for stored in &mut changes.append {
                stored.created_at_ms -= stored.created_at_ms.rem_euclid(1000);
            }
            Ok(changes)
        }),
        Fault::WindowCut => Defect::deciding(|_, decision| {
            decision.shown.oldest.truncate(PRUNE_CHUNK_ENTRIES);
            decision.take()
        }),
        Fault::RetiringPrunes => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            if changes
                .peer
                .map(PeerRow::from)
                .is_some_and(|row| is_retired(&row))
            {
                changes.prune_through = decision.all_entries.last().map(|entry| entry.hlc);
            }
            Ok(changes)
        }),
        _ => return None,
    })
}

fn is_retired(row: &PeerRow) -> bool {
    let state = facts(row).map(|facts| facts.state);
    matches!(state, Some(PeerState::Retired { .. }))
}
