//! Rows about peers: one that another program wrote is not believed, and its peer still counts
//! (`P5`).

use sync_log_core::{Hlc, LogState, OwnRow, PeerRow, RowFault, Uuid};

use crate::decision::Kind;
use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::acks::set_acked;
use crate::lies::cursors::newcomer;

/// Alters the rows that a prune is planned by.
macro_rules! planning {
    ($alter:expr) => {
        Defect::misleading(|decision| {
            let alter: fn(&LogState, &mut Vec<PeerRow>) = $alter;
            if decision.kind == Kind::Prune {
                alter(&decision.shown.state, &mut decision.shown.peers);
            }
        })
    };
}

/// Shows each row altered, whatever it is read for.
macro_rules! showing {
    ($alter:expr) => {
        Defect {
            rows: Some(|_, state, rows| {
                let alter: fn(&LogState, &mut PeerRow) = $alter;
                rows.iter_mut().for_each(|row| alter(state, row));
            }),
            ..Defect::default()
        }
    };
}

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    planned(fault).or_else(|| shown(fault))
}

fn planned(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::UntrustedSkipped => planning!(|state, rows| {
            rows.retain(|row| row.judge(state).is_ok());
        }),
        Fault::StrangerSkipped => planning!(|_, rows| rows.retain(|row| row.own.is_some())),
        Fault::SpoiledSkipped => planning!(|_, rows| {
            rows.retain(|row| !matches!(row.own, Some(OwnRow::Unreadable { .. })));
        }),
        Fault::NobodysRowBlocks => planning!(|state, rows| {
            let nobodys = rows.iter_mut().filter(|row| row.peer(state).is_none());
            nobodys.for_each(|row| row.peer_device_id = Uuid::max().to_string());
        }),
        Fault::LooseText => planning!(|_, rows| {
            for row in rows {
                row.peer_device_id = row.peer_device_id.trim().to_lowercase();
            }
        }),
        Fault::AboveHeadClamped => planning!(|state, rows| {
            let is_above = |row: &&mut PeerRow| row.fault(state) == Some(RowFault::ImpossibleAck);
            let above = rows.iter_mut().filter(is_above);
            above.for_each(|row| set_acked(row, state.head.hlc));
        }),
        Fault::DeletedMirrorIsHead => planning!(|state, rows| {
            let deleted = rows.iter_mut().filter(|row| row.mirror.is_none());
            deleted.for_each(|row| set_acked(row, state.head.hlc));
        }),
        Fault::UntrustedSkippedInSolo => planning!(|state, rows| {
            rows.retain(|row| !state.solo || row.judge(state).is_ok());
        }),
        _ => return None,
    })
}

fn shown(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::UntrustedNotNamed => Defect::surveying(|_, survey| {
            let state = survey.state;
            survey.peers.retain(|row| row.judge(&state).is_ok());
        }),
        Fault::StrangerTrusted => showing!(|_, row| {
            if row.own.is_none() {
                row.own = PeerRow::from(newcomer(Uuid::nil())).own;
                believe_mirror(row);
            }
        }),
        Fault::MirrorAckBelieved => showing!(|_, row| believe_mirror(row)),
        Fault::AdmissionGuessed => showing!(|_, row| {
            if let Some(OwnRow::Unreadable { admission }) = &mut row.own {
                *admission = admission.or(Some(1));
            }
        }),
        Fault::RowsNotRepaired => Defect::amending(|decision, changes| {
            let shown = decision.shown.peers.first();
            let known = shown.and_then(|row| row.peer(&decision.shown.state));
            changes.peer = changes.peer.filter(|peer| known != Some(*peer));
        }),
        _ => return None,
    })
}

/// Shows what the mirror says as the ack of the own row.
fn believe_mirror(row: &mut PeerRow) {
    let said: Option<Hlc> = row.mirror.as_deref().and_then(|text| text.parse().ok());
    if let (Some(said), Some(OwnRow::Known { acked, .. })) = (said, &mut row.own) {
        *acked = said;
    }
}
