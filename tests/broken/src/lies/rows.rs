//! A row is not believed because it is there (`P5`).

use sync_log_core::{AckFault, LogState, PeerRow, UntrustedRow, Uuid};

use crate::decision::Kind;
use crate::defect::Defect;
use crate::fault::Fault;
use crate::lies::acks::set_acked;
use crate::lies::cursors::newcomer;

/// Alters the rows that a prune is planned by.
macro_rules! planning {
    ($alter:expr) => {
        Defect::deciding(|_, decision| {
            let alter: fn(&LogState, &mut Vec<PeerRow>) = $alter;
            if decision.kind == Kind::Prune {
                alter(&decision.shown.state, &mut decision.shown.peers);
            }
            decision.take()
        })
    };
}

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::UntrustedSkipped => planning!(|state, rows| {
            rows.retain(|row| row.judge(state).is_ok());
        }),
        Fault::UntrustedNotNamed => Defect::surveying(|_, survey| {
            let state = survey.state;
            survey.peers.retain(|row| row.judge(&state).is_ok());
        }),
        Fault::StrangerSkipped => planning!(|_, rows| rows.retain(|row| row.facts.is_some())),
        Fault::StrangerTrusted => Defect {
            rows: Some(|_, _, rows| {
                let facts = newcomer(Uuid::nil()).facts;
                for row in rows {
                    row.facts = row.facts.or(Some(facts));
                }
            }),
            ..Defect::default()
        },
        Fault::OwnRowSkipped => planning!(|state, rows| {
            let nobodys = [AckFault::OwnPeer, AckFault::NilPeer];
            rows.retain(|row| !fault_of(row, state).is_some_and(|fault| nobodys.contains(&fault)));
        }),
        Fault::AboveHeadClamped => planning!(|state, rows| {
            for row in rows {
                if fault_of(row, state) == Some(AckFault::AboveHead) {
                    set_acked(row, state.head);
                }
            }
        }),
        Fault::LooseText => planning!(|_, rows| {
            // What is understood is a peer's.
            let facts = newcomer(Uuid::nil()).facts;
            for row in rows {
                row.peer_device_id = row.peer_device_id.trim().to_lowercase();
                row.last_acked_hlc = row.last_acked_hlc.trim().to_lowercase();
                row.facts = row.facts.or(Some(facts));
            }
        }),
        Fault::DeletedAckIsHead => planning!(|state, rows| {
            for row in rows.iter_mut().filter(|row| row.last_acked_hlc.is_empty()) {
                set_acked(row, state.head);
            }
        }),
        Fault::UntrustedSkippedInSolo => planning!(|state, rows| {
            rows.retain(|row| !state.solo || row.judge(state).is_ok());
        }),
        _ => return None,
    })
}

fn fault_of(row: &PeerRow, state: &LogState) -> Option<AckFault> {
    row.judge(state)
        .err()
        .map(|UntrustedRow { fault, .. }| fault)
}
