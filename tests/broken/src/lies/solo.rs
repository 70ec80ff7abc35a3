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
        Fault::NoPeersIsSolo => Defect::misleading(|decision| {
            if decision.kind == Kind::Prune && decision.shown.peers.is_empty() {
                decision.shown.state.solo = true;
            }
        }),
        Fault::RetiredIsSolo => Defect::misleading(|decision| {
            let rows = &decision.shown.peers;
            if decision.kind == Kind::Prune && !rows.is_empty() && rows.iter().all(is_retired) {
                decision.shown.state.solo = true;
            }
        }),
        Fault::SoloNotStored => Defect::amending(|_, changes| {
            changes.solo = changes.solo.filter(|solo| !solo);
        }),
        Fault::WithRecordsNotStored => Defect::amending(|_, changes| changes.with_records = None),
        Fault::SoloForgotten => Defect {
            wake: Some(|handle| Box::pin(remember_rows(handle))),
            ..Defect::stating(|handle, state| state.solo &= !handle.memory().lost_solo)
        },
        Fault::SoloNeverEnds => Defect::amending(|_, changes| {
            changes.solo = changes.solo.filter(|solo| *solo);
        }),
        Fault::AckKeepsSolo => Defect::amending(|decision, changes| {
            if matches!(decision.kind, Kind::Ack(..)) {
                changes.solo = None;
            }
        }),
        Fault::SoloDespitePeers => Defect::misleading(|decision| {
            if decision.kind == Kind::Solo {
                decision.shown.peers.clear();
            }
        }),
        _ => return None,
    })
}

fn policy(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::AgesIgnored => Defect::misleading(|decision| {
            for entry in &mut decision.shown.oldest {
                entry.created_at_ms = i64::MIN;
            }
        }),
        Fault::AgesInSeconds => Defect::amending(|_, changes| {
            for stored in &mut changes.append {
                stored.created_at_ms -= stored.created_at_ms.rem_euclid(1000);
            }
        }),
        Fault::WindowCut => Defect::misleading(|decision| {
            decision.shown.oldest.truncate(PRUNE_CHUNK_ENTRIES);
        }),
        Fault::RetiringPrunes => Defect::amending(|decision, changes| {
            if changes
                .peer
                .map(PeerRow::from)
                .is_some_and(|row| is_retired(&row))
            {
                changes.prune_through = decision.all_entries.last().map(|entry| entry.hlc);
            }
        }),
        _ => return None,
    })
}

fn is_retired(row: &PeerRow) -> bool {
    let state = facts(row).map(|facts| facts.state);
    matches!(state, Some(PeerState::Retired { .. }))
}
