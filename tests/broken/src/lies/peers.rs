//! Peers and their acks: `K1` to `K6`.

use sync_log_core::{Changes, Hlc, LogError, PeerRow};

use crate::decision::{Decision, Kind, Shown};
use crate::defect::Defect;
use crate::fault::Fault;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    let right = Defect::default();
    Some(match fault {
        Fault::NeverAckedNotCounted => Defect {
            decide: Some(|_, decision| {
                if decision.kind == Kind::Prune {
                    decision.shown.peers.retain(|row| !acked(row).is_zero());
                }
                decision.take()
            }),
            ..right
        },
        Fault::AckGoesBack => Defect {
            decide: Some(|_, decision| {
                let at = match decision.kind {
                    Kind::Ack(_, hlc) => hlc,
                    _ => return decision.take(),
                };
                for row in &mut decision.shown.peers {
                    if at < acked(row) {
                        set_acked(row, Hlc::ZERO);
                    }
                }
                decision.take()
            }),
            ..right
        },
        Fault::AckBeyondHeadTaken => Defect {
            decide: Some(|_, decision| {
                let decided = decision.take();
                match (decision.kind, &decided) {
                    (Kind::Ack(_, hlc), Err(LogError::AckBeyondHead { .. })) => {
                        take_ack(decision, hlc).unwrap_or(decided)
                    }
                    _ => decided,
                }
            }),
            ..right
        },
        _ => return None,
    })
}

/// What the row says; zero if it says nothing.
pub(super) fn acked(row: &PeerRow) -> Hlc {
    row.last_acked_hlc.parse().unwrap_or(Hlc::ZERO)
}

pub(super) fn set_acked(row: &mut PeerRow, hlc: Hlc) {
    row.last_acked_hlc = hlc.to_string();
}

/// Shows a peer that is at `hlc` already, so that core does not look it up.
pub(super) fn at_its_ack(shown: &mut Shown, hlc: Hlc) {
    shown.state.head = shown.state.head.max(hlc);
    for row in &mut shown.peers {
        set_acked(row, hlc);
    }
}

/// Takes an ack that core refused; `None` if there is no row to take it to.
fn take_ack(decision: &mut Decision<'_>, hlc: Hlc) -> Option<Result<Changes, LogError>> {
    let mut shown = decision.shown.clone();
    at_its_ack(&mut shown, hlc);
    let peer = shown.peers.first()?.judge(&shown.state).ok()?;
    let answered = decision.take_showing(|view| *view = shown);
    Some(answered.map(|changes| Changes {
        peer: Some(peer),
        ..changes
    }))
}
